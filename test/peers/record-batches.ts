/**
 * Asks Kafka's Java client to read batches that we make, and compares what both read. Needs Java 17 and Maven:
 *
 *     node test/peers/record-batches.ts [seed]
 */
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { compress } from "../../shared/compression/compression.ts";
import { encodeBatch, type BatchInput } from "../../shared/record/encode-batch.ts";
import { rewriteBatchOffsets, rewriteMaxTimestamp } from "../../shared/record/record-batch.ts";
import { anyProducedBatch } from "../shared/record/batch-arbitraries.ts";
import { describeBatches } from "../shared/record/fixtures.ts";

const batchesCount = 400;
const outputBytesMax = 256 * 1024 * 1024;
const project = join(import.meta.dirname, "java");
const work = join(tmpdir(), "streamkeeper-record-peer");

function run(command: string, args: string[], input = ""): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: project,
    input,
    encoding: "utf8",
    maxBuffer: outputBytesMax,
  });
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}${stdout}`, { cause: error });
  return stdout;
}

function place(batch: BatchInput, index: number): Uint8Array {
  const bytes = encodeBatch(batch, compress);
  rewriteBatchOffsets(bytes, 0, index * 1_000_000_007, index);
  if (index % 5 === 0) rewriteMaxTimestamp(bytes, 0, "LogAppendTime", 1_800_000_000_000 + index);
  return bytes;
}

const seed = Number(process.argv[2] ?? Date.now() % 1_000_000);
const batches = fc.sample(anyProducedBatch, { numRuns: batchesCount, seed }).map(place);
run("mvn", ["-q", "-B", "package"]);
const classpath = [join(work, "classes"), join(work, "lib", "*")].join(":");
const lines = batches.map((bytes) => Buffer.from(bytes).toString("base64")).join("\n");
const answers = run("java", ["-cp", classpath, "streamkeeper.peers.ReadBatches"], `${lines}\n`).trimEnd().split("\n");
if (answers.length !== batches.length) throw new Error(`${answers.length} answers to ${batches.length} batches`);
for (const [index, bytes] of batches.entries()) {
  const theirs = JSON.stringify(JSON.parse(answers[index] ?? "null"));
  const ours = JSON.stringify(describeBatches(bytes));
  if (theirs !== ours) throw new Error(`seed ${seed}, batch ${index}: Java reads ${theirs}, we read ${ours}`);
}
process.stdout.write(`Kafka's Java client reads all of ${batches.length} batches as we do (seed ${seed}).\n`);
