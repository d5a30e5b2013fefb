/** Flink counts from one topic to another, exactly once, through a failure: on Apache Kafka and on ours. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileJava } from "../compile-java.ts";
import { fetchDependencies, requireJava } from "../java-peer.ts";
import { runJava } from "../kafka/java-process.ts";
import { startOurKafka } from "../kafka/our-kafka.ts";
import { startRealKafka } from "../kafka/real-kafka.ts";

const runMsMax = 10 * 60_000;
const records = 12_000;
/** Flink looks into classes of the JDK, which has to be allowed since Java 17. */
const options = ["-Xmx700m", ...["util", "lang"].map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`)];

interface Counted {
  readonly failures: number;
  readonly checkpoints: number;
  readonly windows: number;
  readonly committed: number;
  readonly doubled: number;
  readonly aborted: number;
  readonly isRight: boolean;
  readonly records: number;
}

const checkpoints = mkdtempSync(join(tmpdir(), "streamkeeper-flink-"));
let classPath = "";

beforeAll(() => {
  requireJava();
  const libraries = fetchDependencies(import.meta.dirname);
  classPath = `${compileJava(import.meta.dirname, libraries)}:${libraries}`;
}, runMsMax);

afterAll(() => {
  rmSync(checkpoints, { recursive: true, force: true });
});

async function count(bootstrap: string, naming: string): Promise<Counted> {
  const mainClass = "streamkeeper.peers.flink.WindowedCount";
  const args = [bootstrap, naming.toLowerCase(), checkpoints, naming];
  const run = { mainClass, args, classPath, options, logLevel: "error" } as const;
  const { status, stdout, stderr } = await runJava(run, { timeoutMs: runMsMax });
  if (status !== 0) throw new Error(`the job ended with ${status}:\n${stderr}\n${stdout}`);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as Counted;
}

function expectExactlyOnce(counted: Counted): void {
  expect(counted).toMatchObject({ failures: 1, doubled: 0, isRight: true, records, committed: counted.windows });
  expect(counted.checkpoints).toBeGreaterThan(2);
}

/** How Flink finds transactions that a failure left: by trying their names, or by asking for a list of them. */
const namings = ["INCREMENTING", "POOLING"] as const;

describe.each([
  ["Apache Kafka", startRealKafka],
  ["ours", startOurKafka],
] as const)("on %s", (_name, start) => {
  test.each(namings)(
    "a windowed count is right after a failure, %s transactions",
    { timeout: runMsMax },
    async (naming) => {
      await using server = await start();
      expectExactlyOnce(await count(server.bootstrap, naming));
    },
  );
});
