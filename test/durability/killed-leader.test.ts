/** A leader that is killed, or stopped and woken, while it writes: who leads next, how soon, and what the old one still gets in. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CreateTopicCommand, FetchCommand, StreamkeeperClient } from "../../client/index.ts";
import { guardedPath } from "./killed-leader.ts";
import { KilledServer } from "./killed-server.ts";

const program = join(import.meta.dirname, "leading-client.ts");
const topic = "led";
const sessionTimeoutMs = 2_000;
/** Of the issue: the next one leads within the session's timeout and so long. */
const takeoverMsMax = sessionTimeoutMs + 2_000;
const kills = 5;
/** Leaders that are stopped in place of being killed, and woken when another leads. */
const stops = 2;
const processes = 3;

let folder: string;
let server: KilledServer;
let client: StreamkeeperClient;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "streamkeeper-leader-"));
  server = await KilledServer.create(join(folder, "data"));
  await server.start();
  client = new StreamkeeperClient({ endpoint: server.url });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  client.destroy();
  await server.kill();
  await rm(folder, { recursive: true, force: true });
});

/** Tokens of a process's terms, as it tells of them. */
interface Candidate {
  readonly child: ChildProcess;
  readonly terms: { readonly token: number; readonly atMs: number }[];
}

function stand(): Candidate {
  const child = spawn(process.execPath, [program, server.url, topic, String(sessionTimeoutMs)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const terms: Candidate["terms"] = [];
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const token = /^leads (\d+)$/.exec(line)?.[1];
      if (token !== undefined) terms.push({ token: Number(token), atMs: performance.now() });
    }
  });
  return { child, terms };
}

test(
  "the next one leads in time, tokens grow, and writes of two leaders do not interleave",
  { timeout: 120_000 },
  async () => {
    await client.send(new CreateTopicCommand({ name: topic, partitions: 1 }));
    const znodes = client.znodes();
    await znodes.create(guardedPath, { data: "" });
    const candidates = Array.from({ length: processes }, stand);
    const termsOf = () => candidates.flatMap(({ terms }) => terms).toSorted((one, other) => one.atMs - other.atMs);
    const leaderOf = (token: number) => candidates.find(({ terms }) => terms.at(-1)?.token === token);
    const takeovers: number[] = [];
    for (let kill = 0; kill < kills + stops; kill += 1) {
      const known = termsOf().length;
      while (termsOf().length === 0) await sleep(10);
      // In the middle of its writing.
      await sleep(300);
      const leader = leaderOf(termsOf().at(-1)?.token ?? 0);
      const before = Math.max(known, termsOf().length);
      expect(leader, "who leads").toBeDefined();
      const killedAtMs = performance.now();
      // A stopped one is woken when another leads, and finds out by its next write.
      const isStopped = kill % 3 === 2;
      leader?.child.kill(isStopped ? "SIGSTOP" : "SIGKILL");
      while (termsOf().length <= before) {
        expect(performance.now() - killedAtMs, "time without a leader").toBeLessThan(takeoverMsMax);
        await sleep(10);
      }
      takeovers.push(Math.round((termsOf().at(-1)?.atMs ?? 0) - killedAtMs));
      if (isStopped) leader?.child.kill("SIGCONT");
      else candidates.push(stand());
    }
    await sleep(500);
    for (const { child } of candidates) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }

    const tokens = termsOf().map(({ token }) => token);
    expect(tokens.length).toBeGreaterThan(kills + stops);
    expect(tokens).toEqual([...new Set(tokens)].toSorted((one, other) => one - other));
    const produced = await readTokens(topic);
    expect(produced.length).toBeGreaterThan(kills * 10);
    expect(produced, "tokens in the topic's log").toEqual(produced.toSorted((one, other) => one - other));
    expect(new Set(produced).size).toBeGreaterThanOrEqual(kills + stops);
    const guarded = await readGuardedTokens();
    expect(guarded, "tokens in the znode's history").toEqual(guarded.toSorted((one, other) => one - other));
    // For who looks at the time: each is the session's timeout and what it takes to notice.
    expect(Math.max(...takeovers)).toBeLessThan(takeoverMsMax);
  },
);

async function readTokens(name: string): Promise<readonly number[]> {
  const tokens: number[] = [];
  for (let offset = 0; ;) {
    const page = await client.send(new FetchCommand({ topic: name, partition: 0, offset, maxRecords: 5_000 }));
    for (const { value } of page.records)
      tokens.push((JSON.parse(String(value)) as { fencingToken: number }).fencingToken);
    if (page.nextOffset >= page.highWatermark) return tokens;
    offset = page.nextOffset;
  }
}

/** From the tree's own log: what was ever written to the znode, in order. */
async function readGuardedTokens(): Promise<readonly number[]> {
  const tokens: number[] = [];
  for (let offset = 0; ;) {
    const input = { topic: "__znode_changes", partition: 0, offset, maxRecords: 5_000 };
    const page = await client.send(new FetchCommand(input));
    for (const { value } of page.records) {
      const { changes } = JSON.parse(String(value)) as { changes: { type: string; path: string; data: string }[] };
      for (const { type, path, data } of changes) {
        if (type === "setData" && path === guardedPath) {
          tokens.push((JSON.parse(data) as { fencingToken: number }).fencingToken);
        }
      }
    }
    if (page.nextOffset >= page.highWatermark) return tokens;
    offset = page.nextOffset;
  }
}
