import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import { anomaliesOf } from "../simulation/partition-history.ts";
import { KilledServer } from "./killed-server.ts";
import { type ClientKind, PersistentClient } from "./persistent-client.ts";
import { ProducingClient } from "./producing-client.ts";
import { readTopic } from "./read-topic.ts";

const kills = Number(process.env["STREAMKEEPER_KILLS"] ?? 20);
const seed = Number(process.env["STREAMKEEPER_SEED"] ?? Date.now() % 1_000_000);
/** How long a server lives after its first acknowledgement. */
const lifeMsMin = 200;
const lifeMsMax = 450;
/** A server that acknowledges nothing for so long is broken. */
const firstAcknowledgementMsMax = 10_000;
const probeMs = 5;

const kinds: readonly { readonly kind: ClientKind; readonly byReference: boolean }[] = [
  { kind: "once", byReference: false },
  { kind: "once", byReference: true },
  { kind: "keyed", byReference: false },
  { kind: "keyed", byReference: true },
  { kind: "sequenced", byReference: false },
  { kind: "sequenced", byReference: true },
];

let folder: string;
let server: KilledServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "streamkeeper-kill-"));
  // What the first server compiles, the others need not.
  vi.stubEnv("NODE_COMPILE_CACHE", join(folder, "compiled"));
  server = await KilledServer.create(join(folder, "data"));
});

afterEach(async () => {
  await server.kill();
  await rm(folder, { recursive: true });
});

async function createTopic(name: string): Promise<void> {
  // Each server seals what it finds when it starts, so that it is killed in the middle of that as well.
  const config = { "segment.ms": "1" };
  const answer = await fetch(`${server.url}/v1/default/topics`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, partitions: 1, config }),
  });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
}

async function acknowledgesSoon(count: () => number): Promise<void> {
  const before = count();
  for (let waitedMs = 0; waitedMs < firstAcknowledgementMsMax; waitedMs += probeMs) {
    if (count() > before) return;
    await sleep(probeMs);
  }
  throw new Error(`nothing was acknowledged within ${firstAcknowledgementMsMax} ms`);
}

test(
  `a server that is killed ${kills} times in the middle of producing keeps every acknowledged record, once and in order`,
  { timeout: 60_000 + kills * 10_000 },
  async () => {
    const random = new SeededRandom(seed);
    await server.start();
    await createTopic("by-hand");
    await createTopic("by-producer");
    await server.stop();

    const clients = kinds.map((kind, id) => new PersistentClient({ server, topic: "by-hand", id, ...kind }));
    const producing = new ProducingClient(server, "by-producer");
    const everyone = [...clients, producing];
    const acknowledged = (): number => everyone.reduce((sum, client) => sum + client.acknowledged, 0);
    const running = Promise.all(everyone.map((client) => client.run()));
    running.catch(() => undefined);
    let interrupted = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const soon = acknowledgesSoon(acknowledged);
      await Promise.all([server.start(), soon]);
      await sleep(lifeMsMin + random.below(lifeMsMax - lifeMsMin));
      interrupted += clients.filter(({ isWaiting }) => isWaiting).length;
      await server.kill();
    }
    await server.start();
    for (const client of everyone) client.stop();
    await running;
    const [byHand, byProducer] = await Promise.all([
      readTopic(server.url, "by-hand"),
      readTopic(server.url, "by-producer"),
    ]);
    await server.kill();
    const files = await readdir(join(folder, "data"), { recursive: true });
    const segments = files.filter((file) => file.endsWith(".log")).length;

    const sends = clients.flatMap((client) => client.sends);
    const unknown = sends.filter(({ outcome }) => outcome === "info");
    const present = new Set(byHand.map(([, value]) => value));
    const figures = JSON.stringify({
      seed,
      kills,
      interrupted,
      sends: sends.length,
      unknown: unknown.length,
      unknownThatHappened: unknown.filter(({ value }) => present.has(`${value}/0`)).length,
      records: byHand.length,
      recordsOfProducer: byProducer.length,
      segments,
    });
    process.stdout.write(`kill -9: ${figures}\n`);

    expect(anomaliesOf({ sends, polls: [] }, byHand), figures).toEqual([]);
    expect(anomaliesOf({ sends: producing.sends, polls: [] }, byProducer), figures).toEqual([]);
    expect(
      clients.flatMap((client) => client.complaints),
      figures,
    ).toEqual([]);
    // Its retries leave nothing unknown, and keep the order in which the records were given.
    expect(producing.complaints, figures).toEqual([]);
    expect(byProducer.map(([, value]) => value)).toEqual(producing.sends.map(({ value }) => `${value}/0`));
    expect(interrupted, figures).toBeGreaterThan(kills);
    expect(segments, figures).toBeGreaterThan(0);
  },
);
