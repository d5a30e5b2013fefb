import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compress, decompress } from "../../../shared/compression/compression.ts";
import { decodeRecords, recordTimestamp, type RecordView } from "../../../shared/record/decode-records.ts";
import { encodeBatch, type BatchInput } from "../../../shared/record/encode-batch.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import { readBatchHeader, recordsOf } from "../../../shared/record/record-batch.ts";
import { anyProducedBatch } from "./batch-arbitraries.ts";
import { describeBatches, fromBase64, readFixture, type BatchFixture } from "./fixtures.ts";

const text = new TextEncoder().encode("value");

function decode(bytes: Uint8Array, options?: { strict?: boolean }): RecordView[] {
  const header = readBatchHeader(bytes);
  return [
    ...decodeRecords(header, decompress(header.compressionType, recordsOf(bytes, 0, header), 10_000_000), options),
  ];
}

describe("encodeBatch", () => {
  test("what was encoded is decoded, for every codec", () => {
    fc.assert(
      fc.property(anyProducedBatch, fc.maxSafeNat(), (batch, baseOffset) => {
        const bytes = encodeBatch({ ...batch, baseOffset, leaderEpoch: 9 }, compress);
        const header = readBatchHeader(bytes);
        const { records, ...fields } = batch;
        expect(header).toMatchObject({ ...fields, baseOffset, leaderEpoch: 9, recordsCount: records.length });
        expect(header.maxTimestamp).toBe(Math.max(...records.map((record) => record.timestamp ?? -1)));
        const decoded = decode(bytes, { strict: true });
        expect(decoded.map((record) => record.offsetDelta)).toEqual(records.map((_, index) => index));
        const again = decoded.map((record) => {
          const { key, value, headers } = record;
          return { key, value, headers, timestamp: recordTimestamp(header, record) };
        });
        expect(again).toEqual(records);
      }),
    );
  });

  test("makes the very bytes of Kafka's Java client where nothing is compressed", () => {
    const fixture = readFixture<BatchFixture>("batches.json")[0];
    expect(fixture?.name).toBe("none, one of each");
    const bytes = fromBase64(fixture?.bytes ?? "");
    const header = readBatchHeader(bytes);
    const records = decode(bytes).map((record) => ({ ...record, timestamp: recordTimestamp(header, record) }));
    expect(encodeBatch({ records }, compress)).toEqual(bytes);
  });

  test("keeps the offsets and timestamps of what compaction left, even of nothing", () => {
    const batch: BatchInput = {
      records: [3, 700].map((offsetDelta) => ({ key: text, value: null, timestamp: 5_000, offsetDelta })),
      baseOffset: 1_000,
      baseTimestamp: 9_000,
      lastOffsetDelta: 800,
      hasDeleteHorizon: true,
      producerId: 7n,
      producerEpoch: 2,
      baseSequence: 2_147_483_647,
    };
    const bytes = encodeBatch(batch, compress);
    expect(describeBatches(bytes)).toMatchObject([
      {
        lastOffset: 1_800,
        deleteHorizonMs: 9_000,
        records: [
          [1_003, 5_000, "dmFsdWU=", null, []],
          [1_700, 5_000, "dmFsdWU=", null, []],
        ],
        baseSequence: 2_147_483_647,
      },
    ]);
    expect(() => decode(bytes, { strict: true })).toThrow(MalformedBytesError);
    const empty = encodeBatch({ ...batch, records: [], maxTimestamp: 5_000 }, compress);
    expect(readBatchHeader(empty)).toMatchObject({ recordsCount: 0, lastOffsetDelta: 800, maxTimestamp: 5_000 });
  });

  test("counts the bytes of a record right where a number needs one byte more", () => {
    const deltas = [6, 13, 20, 27, 34, 41, 48].flatMap((bits) => [
      2 ** bits - 1,
      2 ** bits,
      -(2 ** bits),
      -(2 ** bits) - 1,
    ]);
    const base = 2 ** 50;
    const records = deltas.map((delta) => ({ key: null, value: null, timestamp: base + delta }));
    const bytes = encodeBatch({ records, baseTimestamp: base }, compress);
    expect(decode(bytes, { strict: true }).map((record) => record.timestampDelta)).toEqual(deltas);
    for (const length of [63, 64, 8_191, 8_192, 1_048_575, 1_048_576]) {
      const [record] = decode(encodeBatch({ records: [{ key: new Uint8Array(length), value: null }] }, compress));
      expect(record?.key).toHaveLength(length);
    }
  });

  test("refuses what the format cannot hold", () => {
    const record = { key: null, value: text };
    const bad: BatchInput[] = [
      { records: [] },
      {
        records: [
          { ...record, offsetDelta: 1 },
          { ...record, offsetDelta: 1 },
        ],
      },
      { records: [{ ...record, offsetDelta: -1 }] },
      { records: [{ ...record, offsetDelta: 5 }], lastOffsetDelta: 4 },
      { records: [{ ...record, timestamp: 0.5 }] },
      { records: [{ ...record, timestamp: 2 ** 53 }] },
      { records: [{ ...record, headers: [{ key: "\ud800", value: null }] }] },
      { records: [record], producerId: 2n ** 63n },
      { records: [record], producerEpoch: 32_768 },
      { records: [record], baseOffset: 2 ** 53 },
    ];
    for (const batch of bad) expect(() => encodeBatch(batch, compress)).toThrow(RangeError);
  });
});

describe("decodeRecords", () => {
  test("gives views of the bytes and not copies", () => {
    const bytes = encodeBatch(
      { records: [{ key: text, value: text, headers: [{ key: "h", value: text }] }] },
      compress,
    );
    const [record] = decode(bytes);
    expect(record?.key?.buffer).toBe(bytes.buffer);
    expect(record?.value?.buffer).toBe(bytes.buffer);
    expect(record?.headers[0]?.value?.buffer).toBe(bytes.buffer);
  });

  test("reads a header's key that is not UTF-8 as Java does", () => {
    const bytes = encodeBatch(
      { records: [{ key: null, value: null, headers: [{ key: "ab", value: null }] }] },
      compress,
    );
    bytes[bytes.length - 3] = 0xff;
    expect(decode(bytes)[0]?.headers).toEqual([{ key: "\ufffdb", value: null }]);
  });

  test("refuses offset deltas beyond the batch's last, and a count beyond its bound", () => {
    const bytes = encodeBatch(
      {
        records: [
          { key: null, value: null },
          { key: null, value: null },
        ],
      },
      compress,
    );
    const header = readBatchHeader(bytes);
    const records = recordsOf(bytes, 0, header);
    expect(() => [...decodeRecords({ ...header, lastOffsetDelta: 0 }, records)]).toThrow(MalformedBytesError);
    expect(() => [...decodeRecords({ ...header, recordsCount: 1 }, records)]).toThrow(MalformedBytesError);
    expect(() => [...decodeRecords({ ...header, recordsCount: 3 }, records)]).toThrow(MalformedBytesError);
    expect(() => [...decodeRecords({ ...header, recordsCount: -1 }, records)]).toThrow(MalformedBytesError);
    expect(() => decodeRecords({ ...header, recordsCount: 1_000_001 }, records).next()).toThrow(MalformedBytesError);
  });
});
