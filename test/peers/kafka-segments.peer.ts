/** Kafka's own tools read the segments that we seal: every batch, every record, and both indexes against the log. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sealPartition } from "../../shared/partition/seal-partition.ts";
import { openEmbeddedStorage } from "../../shared/storage/embedded/embedded-storage.ts";
import { append, name, writerOf } from "../shared/partition/partition-fixture.ts";
import { fetchDependencies, output, requireJava } from "./java-peer.ts";

const compressionTypes = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
const baseTimestamp = 1_700_000_000_000;
const batches = 40;
const recordsPerBatch = 3;
const segmentBytes = 10_000;
const fetchMsMax = 10 * 60_000;

const folder = mkdtempSync(join(tmpdir(), "streamkeeper-segments-"));
let classPath = "";
/** Names of the segments' files, without their endings, in order. */
let segments: readonly string[] = [];

interface Record {
  readonly offset: number;
  readonly timestamp: number;
  readonly payload: string;
}

/** Records of this length are dumped whole, and several batches fill a kibibyte. */
function valueOf(index: number): string {
  return `value ${index} `.padEnd(700, "0123456789");
}

function timestampOf(batch: number): number {
  // Not in order: every third one is late.
  return baseTimestamp + (batch % 3 === 2 ? 0 : batch * 1_000);
}

beforeAll(async () => {
  requireJava();
  classPath = fetchDependencies(join(import.meta.dirname, "kafka-tools"));
  segments = await sealSegments();
}, fetchMsMax);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Appends, inline and by reference, to the embedded store, and takes the sealed segments out of its blob store. */
async function sealSegments(): Promise<string[]> {
  const embedded = await openEmbeddedStorage({ dataFolder: join(folder, "data") });
  try {
    const { storage } = embedded;
    const writer = writerOf(storage, 1_000);
    for (let batch = 0; batch < batches; batch += 1) {
      const first = batch * recordsPerBatch;
      const values = Array.from({ length: recordsPerBatch }, (_, index) => valueOf(first + index));
      await append(writer, values, {
        compressionType: compressionTypes[batch % compressionTypes.length] ?? "none",
        timestamp: timestampOf(batch),
        producer: { producerId: 7n, producerEpoch: 1, baseSequence: first },
      });
    }
    await sealPartition(storage, name, { segmentBytes, segmentMs: 1 }, { forced: true });
    const { blobs } = await storage.blobs.list("segments/", { limit: 1_000 });
    const found = new Set<string>();
    for (const { key } of blobs) {
      const [, baseOffset = "", extension = ""] = /(\d{20})-[^/]*\.(log|index|timeindex)$/.exec(key) ?? [];
      const bytes = await storage.blobs.get(key);
      if (bytes === undefined || baseOffset === "") throw new Error(`not a segment's file: ${key}`);
      // Under the name that Kafka gives it.
      writeFileSync(join(folder, `${baseOffset}.${extension}`), bytes);
      found.add(baseOffset);
    }
    return [...found].toSorted();
  } finally {
    await embedded.close();
  }
}

function dump(options: readonly string[], files: readonly string[]): string[] {
  const log = "-Dorg.slf4j.simpleLogger.defaultLogLevel=off";
  const args = [log, "-cp", classPath, "kafka.tools.DumpLogSegments", ...options, "--files", files.join(",")];
  return output("java", args, { cwd: folder }).trimEnd().split("\n");
}

function recordsIn(lines: readonly string[]): Record[] {
  return lines.flatMap((line) => {
    const match = /^\| offset: (\d+) CreateTime: (-?\d+) .* payload: (.*)$/.exec(line);
    return match === null ? [] : [{ offset: Number(match[1]), timestamp: Number(match[2]), payload: match[3] ?? "" }];
  });
}

describe("kafka-dump-log", () => {
  test("reads every record of our segments with its offset, time and value, and finds every batch valid", () => {
    expect(segments.length).toBeGreaterThan(1);
    const files = segments.map((segment) => `${segment}.log`);
    const lines = dump(["--deep-iteration", "--print-data-log"], files);
    const expected = Array.from({ length: batches * recordsPerBatch }, (_, offset) => ({
      offset,
      timestamp: timestampOf(Math.floor(offset / recordsPerBatch)),
      payload: valueOf(offset),
    }));
    expect(recordsIn(lines)).toEqual(expected);
    const headers = lines.filter((line) => line.startsWith("baseOffset: "));
    expect(headers).toHaveLength(batches);
    for (const [batch, header] of headers.entries()) {
      const baseOffset = batch * recordsPerBatch;
      expect(header).toContain(
        `baseOffset: ${baseOffset} lastOffset: ${baseOffset + 2} count: 3 baseSequence: ${baseOffset} `,
      );
      expect(header).toContain("producerId: 7 producerEpoch: 1 partitionLeaderEpoch: 0 ");
      expect(header).toContain(`compresscodec: ${compressionTypes[batch % compressionTypes.length]} `);
      expect(header).toMatch(/isvalid: true$/);
    }
    const starts = lines.filter((line) => line.startsWith("Log starting offset: "));
    expect(starts).toEqual(segments.map((segment) => `Log starting offset: ${Number(segment)}`));
  });

  test("finds both indexes in agreement with the log", () => {
    const files = segments.flatMap((segment) => [`${segment}.index`, `${segment}.timeindex`]);
    const lines = dump(["--deep-iteration"], files);
    // It names mismatches, and otherwise only prints the rows; the last segment is too short to have any.
    const expected = /^(?:Dumping .*|offset: \d+ position: \d+|timestamp: \d+ offset: \d+|\d{20}\.index is empty\.)$/;
    const others = lines.filter((line) => !expected.test(line));
    expect(others).toEqual([]);
    expect(lines.filter((line) => line.startsWith("offset: ")).length).toBeGreaterThanOrEqual(segments.length - 1);
    expect(lines.filter((line) => line.startsWith("timestamp: ")).length).toBeGreaterThan(segments.length);
    const checked = dump(["--index-sanity-check"], files);
    expect(checked.filter((line) => /(?:passed sanity check|\.index is empty)\.$/.test(line))).toHaveLength(
      files.length,
    );
  });

  test("would notice an index that does not agree", () => {
    const [segment = ""] = segments;
    const lines = dump(["--deep-iteration"], [`${segment}.index`]);
    const row = lines.findLast((line) => line.startsWith("offset: "));
    expect(row).toBeDefined();
    const [offset = 0, position = 0] =
      /offset: (\d+) position: (\d+)/
        .exec(row ?? "")
        ?.slice(1)
        .map(Number) ?? [];
    const wrong = new DataView(new ArrayBuffer(8));
    wrong.setInt32(0, offset - Number(segment) + 1);
    wrong.setInt32(4, position);
    writeFileSync(join(folder, `${segment}.index`), new Uint8Array(wrong.buffer));
    expect(dump([], [`${segment}.index`]).join("\n")).toMatch(/Mismatches/);
  });
});
