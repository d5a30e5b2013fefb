import { describe, expect, test } from "vitest";
import { compress, decompress } from "../../../shared/compression/compression.ts";
import { type CompressionType, compressionTypes } from "../../../shared/record/compression-type.ts";
import { decodeRecords, recordTimestamp } from "../../../shared/record/decode-records.ts";
import { type BatchInput, encodeBatch } from "../../../shared/record/encode-batch.ts";
import { filterBatch } from "../../../shared/record/filter-batch.ts";
import { readBatchHeader, recordsOf } from "../../../shared/record/record-batch.ts";
import { validateBatch } from "../../../shared/record/validate-batch.ts";

const text = new TextEncoder();

function batchOf(input: Partial<BatchInput> = {}): Uint8Array {
  const records = [0, 1, 2, 3].map((index) => ({
    key: text.encode(`k${index}`),
    value: index === 3 ? null : text.encode(`v${index}`),
    headers: [{ key: "h", value: text.encode(String(index)) }],
    timestamp: 1_000 + index * 10,
  }));
  const identity = { producerId: 7n, producerEpoch: 3, baseSequence: 40 };
  return encodeBatch({ records, baseOffset: 500, leaderEpoch: 2, ...identity, ...input }, compress);
}

function plainOf(batch: Uint8Array): Uint8Array {
  const header = readBatchHeader(batch);
  return decompress(header.compressionType, recordsOf(batch, 0, header), 1_000_000);
}

function filter(batch: Uint8Array, kept: readonly boolean[], deleteHorizonMs?: number): Uint8Array {
  return filterBatch(batch, readBatchHeader(batch), plainOf(batch), { kept, deleteHorizonMs }, compress);
}

function recordsIn(batch: Uint8Array): unknown[] {
  const header = readBatchHeader(batch);
  return [...decodeRecords(header, plainOf(batch))].map((record) => [
    header.baseOffset + record.offsetDelta,
    recordTimestamp(header, record),
    record.key === null ? null : new TextDecoder().decode(record.key),
    record.value === null ? null : new TextDecoder().decode(record.value),
    record.headers.map(({ key }) => key).join(","),
  ]);
}

describe("a batch of which records were taken out", () => {
  test.each(compressionTypes)("is what an encoder makes of the others, compressed with %s", (type: CompressionType) => {
    const batch = batchOf({ compressionType: type });
    const filtered = filter(batch, [false, true, false, true]);
    const records = [1, 3].map((index) => ({
      key: text.encode(`k${index}`),
      value: index === 3 ? null : text.encode(`v${index}`),
      headers: [{ key: "h", value: text.encode(String(index)) }],
      timestamp: 1_000 + index * 10,
      offsetDelta: index,
    }));
    expect(filtered).toEqual(batchOf({ compressionType: type, records, baseTimestamp: 1_000, lastOffsetDelta: 3 }));
  });

  test("keeps the header's fields, with the last offset of what is gone, and has the largest time of what is left", () => {
    const filtered = filter(batchOf({ isTransactional: true }), [true, false, true, false]);
    const limits = { batchBytesMax: 1_000, recordsMax: 10, origin: "log" } as const;
    expect(validateBatch(filtered, 0, filtered.length, limits)).toMatchObject({ ok: true });
    expect(readBatchHeader(filtered)).toMatchObject({
      baseOffset: 500,
      leaderEpoch: 2,
      lastOffsetDelta: 3,
      producerId: 7n,
      producerEpoch: 3,
      baseSequence: 40,
      isTransactional: true,
      hasDeleteHorizon: false,
      baseTimestamp: 1_000,
      maxTimestamp: 1_020,
      recordsCount: 2,
    });
    expect(recordsIn(filtered)).toEqual([
      [500, 1_000, "k0", "v0", "h"],
      [502, 1_020, "k2", "v2", "h"],
    ]);
  });

  test("keeps the time that the log gave it", () => {
    const batch = batchOf({ timestampType: "LogAppendTime", maxTimestamp: 9_000 });
    expect(readBatchHeader(filter(batch, [true, false, false, false])).maxTimestamp).toBe(9_000);
  });

  test("has the delete horizon for its base time, and the records keep theirs", () => {
    const horizonMs = 1_700_000_000_000;
    const filtered = filter(batchOf({ compressionType: "gzip" }), [true, true, true, true], horizonMs);
    expect(readBatchHeader(filtered)).toMatchObject({
      hasDeleteHorizon: true,
      baseTimestamp: horizonMs,
      maxTimestamp: 1_030,
    });
    expect(recordsIn(filtered)).toEqual(recordsIn(batchOf()));
    expect(recordsIn(filter(filtered, [false, true, false, true]))).toEqual(
      recordsIn(batchOf()).filter((_record, index) => index % 2 === 1),
    );
    expect(readBatchHeader(filter(filtered, [true, true, true, true])).baseTimestamp).toBe(horizonMs);
  });

  test("keeps header keys that are not UTF-8 byte for byte", () => {
    const batch = batchOf();
    const at = batch.findIndex((byte, index) => byte === "h".charCodeAt(0) && batch[index - 1] === 2);
    batch[at] = 0xff;
    const filtered = filter(batch, [true, true, false, false]);
    expect(filtered.includes(0xff, 61)).toBe(true);
  });
});
