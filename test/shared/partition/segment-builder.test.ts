import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compress } from "../../../shared/compression/compression.ts";
import { SegmentBuilder } from "../../../shared/partition/segment-builder.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { lastOffset, readBatchHeader } from "../../../shared/record/record-batch.ts";
import { splitBatches } from "../../../shared/record/validate-batch.ts";
import { describeBatches } from "../record/fixtures.ts";

interface BatchShape {
  readonly records: number;
  readonly valueBytes: number;
  readonly timestamp: number;
}

function build(baseOffset: number, shapes: readonly BatchShape[]) {
  const builder = new SegmentBuilder(baseOffset);
  let offset = baseOffset;
  const batches = shapes.map(({ records, valueBytes, timestamp }) => {
    const value = new Uint8Array(valueBytes);
    const input = Array.from({ length: records }, () => ({ key: null, value, timestamp }));
    const bytes = encodeBatch({ records: input, baseOffset: offset, leaderEpoch: 0 }, compress);
    offset += records;
    builder.add(bytes, readBatchHeader(bytes));
    return bytes;
  });
  return { built: builder.finish(), batches };
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

function offsetRows(index: Uint8Array): [relativeOffset: number, position: number][] {
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  return Array.from({ length: index.length / 8 }, (_, row) => [view.getInt32(row * 8), view.getInt32(row * 8 + 4)]);
}

function timeRows(index: Uint8Array): [timestamp: number, relativeOffset: number][] {
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  return Array.from({ length: index.length / 12 }, (_, row) => [
    Number(view.getBigInt64(row * 12)),
    view.getInt32(row * 12 + 8),
  ]);
}

const anyShapes = fc.array(
  fc.record({
    records: fc.integer({ min: 1, max: 5 }),
    valueBytes: fc.integer({ min: 0, max: 9_000 }),
    timestamp: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 1_000 })),
  }),
  { minLength: 1, maxLength: 60 },
);

describe("a segment", () => {
  test("is the batches, byte for byte, one after the other", () => {
    fc.assert(
      fc.property(anyShapes, fc.integer({ min: 0, max: 2 ** 40 }), (shapes, baseOffset) => {
        const { built, batches } = build(baseOffset, shapes);
        const log = joined(built.log);
        expect(Buffer.compare(log, joined(batches))).toBe(0);
        expect(built.sizeBytes).toBe(log.length);
        expect(splitBatches(log, 1_000).rest).toBe("none");
        expect(describeBatches(log)).toHaveLength(shapes.length);
        expect(built.maxTimestamp).toBe(Math.max(...shapes.map(({ timestamp }) => timestamp)));
      }),
      { numRuns: 50 },
    );
  });

  test("has Kafka's index rows: the last offset of each batch that follows more than 4,096 bytes without a row", () => {
    const shape = { records: 2, valueBytes: 1_000, timestamp: 5 };
    const { built, batches } = build(
      1_000,
      Array.from({ length: 6 }, () => shape),
    );
    const size = batches[0]?.length ?? 0;
    expect(size).toBeGreaterThan(2_048);
    // Two batches are more than 4,096 bytes: the third one gets a row, then the fifth.
    expect(offsetRows(built.offsetIndex)).toEqual([
      [5, 2 * size],
      [9, 4 * size],
    ]);
    expect(timeRows(built.timeIndex)).toEqual([[5, 1]]);
  });

  test("has a time index that rises, ends with its largest timestamp, and names the last offset of that batch", () => {
    const at = (timestamp: number): BatchShape => ({ records: 3, valueBytes: 2_000, timestamp });
    const { built } = build(7, [at(10), at(30), at(20), at(40), at(5)]);
    expect(timeRows(built.timeIndex)).toEqual([
      [30, 5],
      [40, 11],
    ]);
    expect(built.maxTimestamp).toBe(40);
  });

  test("without timestamps has no row in its time index", () => {
    const { built } = build(0, [{ records: 1, valueBytes: 5_000, timestamp: -1 }]);
    expect(built.timeIndex).toHaveLength(0);
    expect(built.maxTimestamp).toBe(-1);
  });

  test("refuses an offset that Kafka's indexes cannot hold", () => {
    const builder = new SegmentBuilder(0);
    const batch = (baseOffset: number): Uint8Array =>
      encodeBatch({ records: [{ key: null, value: new Uint8Array(5_000), timestamp: 1 }], baseOffset }, compress);
    builder.add(batch(0), readBatchHeader(batch(0)));
    const far = batch(2 ** 31);
    expect(() => builder.add(far, readBatchHeader(far))).toThrow(RangeError);
  });
});

describe("indexes of any segment", () => {
  test("point to batches of its log, and lead a reader past nothing", () => {
    fc.assert(
      fc.property(anyShapes, fc.integer({ min: 0, max: 2 ** 40 }), (shapes, baseOffset) => {
        const { built } = build(baseOffset, shapes);
        const log = joined(built.log);
        const headers = splitBatches(log, 1_000).ranges.map(({ start }) => ({ start, ...readBatchHeader(log, start) }));
        const before = (position: number): number =>
          Math.max(-1, ...headers.filter(({ start }) => start < position).map(({ maxTimestamp }) => maxTimestamp));
        for (const [relative, position] of offsetRows(built.offsetIndex)) {
          const found = headers.find(({ start }) => start === position);
          expect(found === undefined ? -1 : lastOffset(found)).toBe(baseOffset + relative);
        }
        for (const [timestamp, relative] of timeRows(built.timeIndex)) {
          const found = headers.find((header) => lastOffset(header) === baseOffset + relative);
          expect(found?.maxTimestamp).toBe(timestamp);
        }
        let filled = 0;
        for (const row of built.rows) {
          const found = headers.find(({ start }) => start === row.position);
          expect(found?.baseOffset).toBe(row.offset);
          expect(row.maxTimestamp).toBe(before(row.position));
          // No more than 64 KiB and a batch between two rows.
          expect(row.position - filled).toBeLessThan(65_536 + 50_000);
          filled = row.position;
        }
        expect(built.rows[0]?.position).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
