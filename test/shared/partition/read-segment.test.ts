import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compress } from "../../../shared/compression/compression.ts";
import { readSegment, segmentLogKey } from "../../../shared/partition/read-segment.ts";
import { SegmentBuilder } from "../../../shared/partition/segment-builder.ts";
import type { SegmentDescriptor } from "../../../shared/partition/segment-descriptor.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { batchField, readBatchHeader } from "../../../shared/record/record-batch.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { name, numbered, recordsFrom } from "./partition-fixture.ts";

const baseOffset = 1_000;

/** Stores a segment of these batches, each given as the values of its records. */
async function store(storage: Storage, batches: readonly (readonly string[])[]): Promise<SegmentDescriptor> {
  const builder = new SegmentBuilder(baseOffset);
  let offset = baseOffset;
  for (const values of batches) {
    const records = values.map((value) => ({ key: null, value: new TextEncoder().encode(value), timestamp: 1 }));
    const bytes = encodeBatch({ records, baseOffset: offset }, compress);
    builder.add(bytes, readBatchHeader(bytes));
    offset += values.length;
  }
  const { log, sizeBytes, maxTimestamp, rows } = builder.finish();
  const segment = {
    baseOffset,
    endOffset: offset,
    id: "id",
    sizeBytes,
    entries: batches.length,
    firstAppendedMs: 1,
    lastAppendedMs: 2,
    maxTimestamp,
    index: rows,
  };
  await storage.blobs.put(segmentLogKey(name, segment), log);
  return segment;
}

const anyBatches = fc.array(fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 25,
});

test("from any offset, in pages of any size, every record is read once, each page by one request", async () => {
  await fc.assert(
    fc.asyncProperty(
      anyBatches,
      fc.integer({ min: 1, max: 200_000 }),
      fc.integer({ min: 1, max: 50 }),
      fc.float({ min: 0, max: 1, noNaN: true }),
      async (sizes, bytesMax, recordsMax, where) => {
        const { storage, requests } = counted();
        const values = sizes.map((batch) => batch.map((bytes) => "x".repeat(bytes)));
        const all = values.flat();
        const segment = await store(storage, values);
        const from = baseOffset + Math.min(all.length - 1, Math.floor(where * all.length));
        const found: string[] = [];
        let pages = 0;
        for (let offset = from; offset < segment.endOffset; pages += 1) {
          const read = await readSegment(storage, name, segment, offset, { bytesMax, recordsMax });
          if (read === undefined) throw new Error("no segment");
          expect(read.nextOffset).toBeGreaterThan(offset);
          const bytes = read.batches.reduce((sum, batch) => sum + batch.length, 0);
          if (read.batches.length > 1) expect(bytes).toBeLessThanOrEqual(bytesMax);
          found.push(...recordsFrom(read.batches, offset));
          offset = read.nextOffset;
        }
        expect(found).toEqual(numbered(all, baseOffset).slice(from - baseOffset));
        expect(requests()).toBe(pages);
      },
    ),
    { numRuns: 30 },
  );

  function counted(): { storage: Storage; requests: () => number } {
    const { storage, counts } = countRequests(createMemoryStorage().storage);
    return { storage, requests: () => counts()["blobs.get"] ?? 0 };
  }
});

test("a small read of a large segment fetches no more than what lies between two rows of its index", async () => {
  const { storage } = createMemoryStorage();
  const segment = await store(
    storage,
    Array.from({ length: 400 }, () => ["x".repeat(2_000)]),
  );
  const read: number[] = [];
  const blobs = {
    ...storage.blobs,
    get: async (key: string, range?: { readonly start: number; readonly end: number }) => {
      read.push((range?.end ?? 0) - (range?.start ?? 0));
      return await storage.blobs.get(key, range);
    },
  };
  for (const offset of [baseOffset, baseOffset + 200, segment.endOffset - 1]) {
    await readSegment({ ...storage, blobs }, name, segment, offset, { bytesMax: 1, recordsMax: 1 });
  }
  expect(Math.max(...read)).toBeLessThan(70_000);
});

describe("a segment that is not there as it should be", () => {
  test("reads as undefined when its blob is gone", async () => {
    const { storage } = createMemoryStorage();
    const segment = await store(storage, [["a"]]);
    await storage.blobs.delete([segmentLogKey(name, segment)]);
    expect(await readSegment(storage, name, segment, baseOffset, { bytesMax: 10, recordsMax: 1 })).toBeUndefined();
  });

  test("is reported when its blob is cut off, or holds no batch where the index says so", async () => {
    const { storage } = createMemoryStorage();
    const segment = await store(storage, [["a"], ["b"]]);
    const limits = { bytesMax: 1_000, recordsMax: 10 };
    const serving = (change: (bytes: Uint8Array) => Uint8Array): Storage => ({
      ...storage,
      blobs: {
        ...storage.blobs,
        get: async (key, range) => change((await storage.blobs.get(key, range)) ?? new Uint8Array()),
      },
    });
    const cut = serving((bytes) => bytes.subarray(0, -1));
    await expect(readSegment(cut, name, segment, baseOffset, limits)).rejects.toThrow(/has \d+ of \d+ bytes/);
    const other = serving((bytes) => bytes.fill(0));
    await expect(readSegment(other, name, segment, baseOffset, limits)).rejects.toThrow(/no whole batch at 0/);
    const flipped = serving((bytes) => bytes.with(batchField.magic, 3));
    await expect(readSegment(flipped, name, segment, baseOffset, limits)).rejects.toThrow(StorageCorruptError);
  });
});
