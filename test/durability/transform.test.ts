/**
 * Consume, transform, produce, while every process is killed at random: the transforming ones, and the server. What readers of
 * `read_committed` see is exactly the function of the input. `STREAMKEEPER_CHAOS_SECONDS` says for how long; by default briefly.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CreateTopicCommand, GetGroupOffsetsCommand, StreamkeeperClient } from "../../client/index.ts";
import type { ReadRecord } from "../../client/index.ts";
import { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import { KilledServer } from "./killed-server.ts";
import { transformed } from "./transformation.ts";

const program = join(import.meta.dirname, "transforming-client.ts");
const seconds = Number(process.env["STREAMKEEPER_CHAOS_SECONDS"] ?? 8);
const partitions = 4;
const processes = 3;
const group = "transformers";
const settleMsMax = 90_000;
/** What a killed server leaves open of writes in one call is aborted after 40 s: only long runs wait for that. */
const isLong = seconds >= 60;

let folder: string;
let server: KilledServer;
let client: StreamkeeperClient;
let children: Transformer[] = [];

interface Transformer {
  readonly slot: number;
  readonly child: ChildProcess;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "streamkeeper-transform-"));
  server = await KilledServer.create(join(folder, "data"));
  await server.start();
  client = new StreamkeeperClient({ endpoint: server.url, maxAttempts: 20 });
});

afterEach(async () => {
  for (const { child } of children.splice(0)) child.kill("SIGKILL");
  client.destroy();
  await server.kill();
  await rm(folder, { recursive: true, force: true });
});

/** Keeps a process at work in a slot until it is stopped: one that ends is started again. */
class Slot {
  readonly #slot: number;
  readonly #form: string;
  #stopped = false;
  done = 0;
  failures: string[] = [];
  kills = 0;

  constructor(slot: number, form: string) {
    this.#slot = slot;
    this.#form = form;
    void this.#keep();
  }

  /** As `kill -9`. */
  kill(): void {
    this.kills += 1;
    for (const { slot, child } of children) if (slot === this.#slot) child.kill("SIGKILL");
  }

  stop(): void {
    this.#stopped = true;
    this.kill();
  }

  async #keep(): Promise<void> {
    while (!this.#stopped) {
      const parameters = [server.url, "input", "output", group, `transformer-${this.#slot}`, this.#form];
      const child = spawn(process.execPath, [program, ...parameters], { stdio: ["ignore", "pipe", "inherit"] });
      const one = { slot: this.#slot, child };
      children.push(one);
      child.stdout?.on("data", (chunk: Buffer) => {
        for (const line of chunk.toString().split("\n")) {
          if (line.startsWith("did")) this.done += 1;
          else if (line !== "") this.failures.push(line);
        }
      });
      await once(child, "exit");
      children = children.filter((other) => other !== one);
      await sleep(100);
    }
  }
}

describe.each(["transaction", "one call"])("with the form %s", (form) => {
  test(
    "the output is exactly the function of the input",
    { timeout: seconds * 1_000 + settleMsMax + 60_000 },
    async () => {
      const seed = Number(process.env["STREAMKEEPER_CHAOS_SEED"] ?? Date.now() % 1_000_000);
      const random = new SeededRandom(seed);
      for (const name of ["input", "output"]) await client.send(new CreateTopicCommand({ name, partitions }));
      const slots = Array.from({ length: processes }, (_, slot) => new Slot(slot, form));

      const producer = client.producer({ topic: "input", lingerMs: 20 });
      const endMs = performance.now() + seconds * 1_000;
      let produced = 0;
      let serverKills = 0;
      let nextKillMs = performance.now() + 2_000;
      while (performance.now() < endMs) {
        await producer.enqueue({ key: `k${random.uint32() % 100}`, value: String(produced) });
        produced += 1;
        if (produced % 10 === 0) await sleep(5);
        if (performance.now() < nextKillMs) continue;
        nextKillMs = performance.now() + 500 + (random.uint32() % 2_000);
        const killsServer = random.uint32() % 4 === 0 && (form === "transaction" || isLong);
        if (!killsServer) slots[random.uint32() % processes]?.kill();
        else {
          serverKills += 1;
          await server.kill();
          await server.start();
        }
      }
      await producer.close();

      // Everything that was produced comes to be transformed: the group has no lag, and nothing is undecided.
      const settledMs = performance.now() + settleMsMax;
      for (;;) {
        const answer = await client.send(new GetGroupOffsetsCommand({ group })).catch(() => ({ offsets: [] }));
        const lag = answer.offsets.reduce((sum, offset) => sum + offset.lag, 0);
        if (answer.offsets.length === partitions && lag === 0) break;
        expect(
          performance.now(),
          `seed ${seed}, lag ${lag}: ${slots
            .flatMap(({ failures }) => failures)
            .slice(-5)
            .join("; ")}`,
        ).toBeLessThan(settledMs);
        await sleep(200);
      }
      for (const slot of slots) slot.stop();

      const input = await readAll("input");
      // Who was killed between a decision and its markers leaves them to others: until then readers wait before them.
      let output = await readAll("output");
      for (let waitedMs = 0; output.length < produced && waitedMs < settleMsMax; waitedMs += 500) {
        await sleep(500);
        output = await readAll("output");
      }
      const kills = slots.reduce((sum, slot) => sum + slot.kills, 0) - processes;
      process.stdout.write(
        `seed ${seed}: ${produced} records, ${kills} kills of transformers, ${serverKills} of the server\n`,
      );
      expect(input.length, `seed ${seed}`).toBe(produced);
      // Of each key in order: it stays in one partition on both sides.
      const expected = byKey(
        input.map((record) => ({ ...record, text: transformed(record.value, record.partition, record.offset) })),
      );
      const seen = byKey(
        output.map((record) => ({ ...record, text: new TextDecoder().decode(record.value ?? undefined) })),
      );
      expect(seen, `seed ${seed}`).toEqual(expected);
      expect(serverKills + kills).toBeGreaterThan(0);
    },
  );
});

function byKey(
  records: readonly { readonly key: Uint8Array | null; readonly text: string }[],
): Record<string, string[]> {
  const texts: Record<string, string[]> = {};
  for (const { key, text } of records) (texts[new TextDecoder().decode(key ?? undefined)] ??= []).push(text);
  return texts;
}

async function readAll(topic: string): Promise<readonly ReadRecord[]> {
  const all = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const reader = client.readPartition({ topic, partition, stopAtEnd: true, isolation: "read_committed" });
    for await (const record of reader) all.push(record);
  }
  return all;
}
