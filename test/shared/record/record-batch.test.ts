import { describe, expect, test } from "vitest";
import { crc32c } from "../../../shared/record/crc32c.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import {
  batchField,
  copyWithOffsets,
  lastOffset,
  readBatchHeader,
  recordsOf,
  rewriteBatchOffsets,
  rewriteMaxTimestamp,
} from "../../../shared/record/record-batch.ts";
import { splitBatches, validateBatch, type BatchLimits } from "../../../shared/record/validate-batch.ts";
import { describeBatches, fromBase64, readFixture, type BatchFixture } from "./fixtures.ts";

const fixtures = readFixture<BatchFixture>("batches.json");
const limits: BatchLimits = { batchBytesMax: 100_000, recordsMax: 1_000, origin: "log" };

function sample(timestamp = 1_000): Uint8Array {
  const value = new TextEncoder().encode("value");
  return encodeBatch(
    {
      records: [
        { key: null, value, timestamp },
        { key: value, value: null, timestamp },
      ],
    },
    (_, bytes) => bytes,
  );
}

describe("batches of Kafka's Java client", () => {
  test.each(fixtures.map((fixture) => [fixture.name, fixture] as const))("%s: reads as Java reads it", (_, fixture) => {
    const bytes = fromBase64(fixture.bytes);
    expect(describeBatches(bytes)).toEqual(fixture.batches);
    const split = splitBatches(bytes, 10);
    expect(split).toMatchObject({ end: bytes.length, rest: "none" });
    for (const { start, end } of split.ranges) {
      const checked = validateBatch(bytes, start, end, limits);
      expect(checked).toEqual({ ok: true, header: readBatchHeader(bytes, start) });
    }
  });
});

describe("readBatchHeader", () => {
  test("reads a batch that stands behind other bytes", () => {
    const bytes = new Uint8Array([7, 7, 7, ...sample()]);
    const header = readBatchHeader(bytes, 3);
    expect(header).toMatchObject({
      baseOffset: 0,
      leaderEpoch: -1,
      recordsCount: 2,
      lastOffsetDelta: 1,
      producerId: -1n,
    });
    expect(recordsOf(bytes, 3, header)).toHaveLength(header.sizeBytes - 61);
  });

  test("refuses a header that is cut off, of another magic, codec or length, or has an offset beyond 2^53-1", () => {
    const good = sample();
    expect(() => readBatchHeader(good.subarray(0, 60))).toThrow(MalformedBytesError);
    expect(() => readBatchHeader(good, good.length)).toThrow(MalformedBytesError);
    const changes: [number, number][] = [
      [batchField.magic, 1],
      [batchField.attributes + 1, 5],
      [batchField.batchLength, 0x80],
      [batchField.batchLength + 3, 48],
      [batchField.baseOffset, 1],
      [batchField.maxTimestamp, 0x7f],
    ];
    for (const [at, value] of changes) {
      const bad = good.slice();
      bad[at] = value;
      expect(() => readBatchHeader(bad)).toThrow(MalformedBytesError);
    }
  });
});

describe("rewriting", () => {
  test("offsets and leader epoch change in place and leave the checksum right", () => {
    const bytes = new Uint8Array([1, 2, ...sample()]);
    rewriteBatchOffsets(bytes, 2, Number.MAX_SAFE_INTEGER - 1, 2_147_483_647);
    const checked = validateBatch(bytes, 2, bytes.length, limits);
    expect(checked).toMatchObject({
      ok: true,
      header: { baseOffset: Number.MAX_SAFE_INTEGER - 1, leaderEpoch: 2_147_483_647 },
    });
    expect([bytes[0], bytes[1]]).toEqual([1, 2]);
    expect(lastOffset(readBatchHeader(bytes, 2))).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("a copy has the offsets and the original keeps its own", () => {
    const bytes = new Uint8Array([1, 2, ...sample(), 3]);
    const before = bytes.slice();
    const copy = copyWithOffsets(bytes, 2, bytes.length - 1, 5_000_000_000, 4);
    expect(readBatchHeader(copy)).toMatchObject({ baseOffset: 5_000_000_000, leaderEpoch: 4, sizeBytes: copy.length });
    expect(bytes).toEqual(before);
  });

  test("refuses offsets and epochs that the fields cannot hold", () => {
    for (const offset of [-1, 2 ** 53, 0.5, Number.NaN]) {
      expect(() => rewriteBatchOffsets(sample(), 0, offset, 0)).toThrow(RangeError);
    }
    for (const epoch of [2 ** 31, 0.5, Number.NaN])
      expect(() => rewriteBatchOffsets(sample(), 0, 0, epoch)).toThrow(RangeError);
  });

  test("the log's own timestamp comes with a new checksum, and goes again", () => {
    const bytes = new Uint8Array([1, ...sample(77), 2]);
    const before = bytes.slice();
    rewriteMaxTimestamp(bytes, 1, "LogAppendTime", 1_800_000_000_000);
    expect(validateBatch(bytes, 1, bytes.length, limits)).toMatchObject({
      ok: true,
      header: { timestampType: "LogAppendTime", maxTimestamp: 1_800_000_000_000, baseTimestamp: 77 },
    });
    rewriteMaxTimestamp(bytes, 1, "CreateTime", 77);
    expect(bytes).toEqual(before);
    expect(() => rewriteMaxTimestamp(bytes, 1, "CreateTime", 2 ** 53)).toThrow(RangeError);
    expect(() => rewriteMaxTimestamp(bytes.subarray(0, bytes.length - 2), 1, "CreateTime", 78)).toThrow(RangeError);
  });
});

describe("splitBatches", () => {
  const one = sample();
  const three = new Uint8Array([...one, ...one, ...one]);

  test("tells whole batches from one that is cut off at any byte", () => {
    for (let length = 0; length <= three.length; length += 1) {
      const split = splitBatches(three, 10, 0, length);
      const whole = Math.floor(length / one.length);
      expect(split.ranges).toHaveLength(whole);
      expect(split.end).toBe(whole * one.length);
      expect(split.rest).toBe(length % one.length === 0 ? "none" : "partial");
    }
  });

  test("stops at the most batches that were asked for", () => {
    expect(splitBatches(three, 2)).toMatchObject({ end: 2 * one.length, rest: "more" });
    expect(splitBatches(three, 3)).toMatchObject({ end: 3 * one.length, rest: "none" });
  });

  test("refuses a length that would not move on", () => {
    for (const length of [-1, -12, 0, 48, -2_147_483_648]) {
      const bad = three.slice();
      new DataView(bad.buffer).setInt32(one.length + batchField.batchLength, length);
      expect(() => splitBatches(bad, 10)).toThrow(MalformedBytesError);
    }
  });
});

test("the checksum covers the attributes and everything behind them", () => {
  const bytes = sample();
  expect(readBatchHeader(bytes).crc).toBe(crc32c(bytes, batchField.attributes));
});
