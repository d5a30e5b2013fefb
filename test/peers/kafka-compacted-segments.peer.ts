/** kafka-dump-log reads the segments that hold transactions, before and after a compaction. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { appendKeyed, appendMarker, compact, seal } from "../shared/partition/compaction-fixture.ts";
import { writerOf } from "../shared/partition/partition-fixture.ts";
import { kafkaClassPath, runKafkaTool } from "./kafka/real-kafka.ts";

const runMsMax = 10 * 60_000;
const folder = mkdtempSync(join(tmpdir(), "streamkeeper-compacted-"));

beforeAll(() => {
  kafkaClassPath();
}, runMsMax);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function blobsOf(storage: Storage): Promise<Set<string>> {
  const { blobs } = await storage.blobs.list("segments/", { limit: 1_000 });
  return new Set(blobs.map(({ key }) => key));
}

/** Lines of the dump of the one segment among these blobs, whose indexes must agree with it. */
async function dump(storage: Storage, keys: ReadonlySet<string>): Promise<readonly string[]> {
  const files: string[] = [];
  for (const key of keys) {
    const [, baseOffset, extension] = /(\d{20})-[^/]*\.(log|index|timeindex)$/.exec(key) ?? [];
    const bytes = await storage.blobs.get(key);
    if (baseOffset === undefined || extension === undefined || bytes === undefined) continue;
    const file = join(folder, `${baseOffset}.${extension}`);
    writeFileSync(file, bytes);
    files.push(file);
  }
  expect(files.map((file) => file.slice(file.lastIndexOf(".") + 1)).toSorted()).toEqual(["index", "log", "timeindex"]);
  const args = ["--deep-iteration", "--print-data-log", "--files", files.join(",")];
  const { status, stdout } = await runKafkaTool("kafka.tools.DumpLogSegments", args, { cwd: folder });
  expect(status).toBe(0);
  expect(stdout).not.toMatch(/Mismatches|Index timestamp|not found|Found timestamp/);
  return stdout.trimEnd().split("\n");
}

/** Data records as `offset:key=value`, control records as `offset!marker`. */
function recordsIn(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const offset = /^\| offset: (\d+) /.exec(line)?.[1];
    if (offset === undefined) return [];
    const marker = /endTxnMarker: (\w+)/.exec(line)?.[1];
    const [, key, value] = / key: (\S+)(?: payload: (.*))?$/.exec(line) ?? [];
    return marker === undefined ? [`${offset}:${key ?? ""}=${value ?? "null"}`] : [`${offset}!${marker}`];
  });
}

test("control batches and what a compaction leaves are read by Kafka's own tool", { timeout: runMsMax }, async () => {
  const { storage } = createMemoryStorage();
  const writer = writerOf(storage);
  await appendKeyed(writer, [
    ["a", "old"],
    ["b", "old"],
  ]);
  await appendKeyed(writer, [["a", "committed"]], { producerId: 1n, compressionType: "zstd" });
  await appendKeyed(writer, [["b", "aborted"]], { producerId: 2n });
  await appendMarker(writer, 1n, true);
  await appendMarker(writer, 2n, false);
  await appendKeyed(writer, [["c", null]], { compressionType: "lz4" });
  await seal(storage);
  const sealed = await blobsOf(storage);
  const before = await dump(storage, sealed);
  const records = ["0:a=old", "1:b=old", "2:a=committed", "3:b=aborted", "4!COMMIT", "5!ABORT"];
  expect(recordsIn(before)).toEqual([...records, "6:c=null"]);
  const headers = before.filter((line) => line.startsWith("baseOffset: "));
  expect(headers).toHaveLength(6);
  for (const header of headers) expect(header).toMatch(/isvalid: true$/);
  expect(headers[3]).toMatch(/producerId: 1 .*isTransactional: true isControl: true/);

  expect(await compact(storage)).toMatchObject({ kind: "compacted" });
  const made = [...(await blobsOf(storage))].filter((key) => !sealed.has(key));
  const after = await dump(storage, new Set(made));
  expect(recordsIn(after)).toEqual(["1:b=old", "2:a=committed", "4!COMMIT", "5!ABORT", "6:c=null"]);
  for (const header of after.filter((line) => line.startsWith("baseOffset: "))) {
    expect(header).toMatch(/isvalid: true$/);
  }
});
