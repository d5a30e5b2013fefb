import fc from "fast-check";
import { expect, test } from "vitest";
import { decompress } from "../../../shared/compression/compression.ts";
import { partitionLogId } from "../../../shared/log/log-id.ts";
import { findLargestTimestamp, findTimestamp } from "../../../shared/partition/find-timestamp.ts";
import { sealPartition } from "../../../shared/partition/seal-partition.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { append, name, sealSettings, writerOf } from "./partition-fixture.ts";

function find(storage: Storage, timestampMs: number, logStartOffset = 0) {
  return findTimestamp(storage, name, timestampMs, logStartOffset, decompress);
}

test("finds the first record at or after a time, sealed or not, in whatever order the times are", async () => {
  const anyBatch = fc.record({
    timestamp: fc.integer({ min: 0, max: 12 }),
    records: fc.integer({ min: 1, max: 3 }),
    bytes: fc.constantFrom(5, 40_000),
    isCompressed: fc.boolean(),
    sealAfter: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyBatch, { maxLength: 12 }), fc.nat(30), async (batches, start) => {
      const { storage } = createMemoryStorage();
      const writer = writerOf(storage);
      const times: number[] = [];
      for (const { timestamp, records, bytes, isCompressed, sealAfter } of batches) {
        const values = Array.from({ length: records }, () => "x".repeat(bytes));
        await append(writer, values, { timestamp, compressionType: isCompressed ? "gzip" : "none" });
        times.push(...values.map(() => timestamp));
        if (sealAfter) await sealPartition(storage, name, sealSettings, { forced: true });
      }
      const logStartOffset = Math.min(start, times.length);
      for (let timestamp = 0; timestamp <= 13; timestamp += 1) {
        const offset = times.findIndex((time, index) => index >= logStartOffset && time >= timestamp);
        const expected = offset < 0 ? undefined : { offset, timestamp: times[offset] };
        expect(await find(storage, timestamp, logStartOffset)).toEqual(expected);
      }
      const largest = Math.max(...times);
      const first = { offset: times.indexOf(largest), timestamp: largest };
      expect(await findLargestTimestamp(storage, name, 0, decompress)).toEqual(times.length === 0 ? undefined : first);
    }),
    { numRuns: 40 },
  );
});

test("finds the largest time behind the start of the log", async () => {
  const { storage } = createMemoryStorage();
  const writer = writerOf(storage);
  for (const timestamp of [9, 3, 5, 4]) await append(writer, ["a"], { timestamp });
  const largest = (start: number) => findLargestTimestamp(storage, name, start, decompress);
  expect(await largest(0)).toEqual({ offset: 0, timestamp: 9 });
  expect(await largest(1)).toEqual({ offset: 2, timestamp: 5 });
  expect(await largest(4)).toBeUndefined();
});

test("reads one piece of a segment of many small batches, not each of its batches", async () => {
  const { storage } = createMemoryStorage();
  const writer = writerOf(storage);
  for (let time = 0; time < 3_000; time += 1) await append(writer, ["value".repeat(20)], { timestamp: time });
  await sealPartition(storage, name, { ...sealSettings, segmentBytes: 10_000_000 }, { forced: true });
  const counted = countRequests(storage);
  expect(await find(counted.storage, 1_700)).toEqual({ offset: 1_700, timestamp: 1_700 });
  expect(counted.counts()["blobs.get"]).toBe(1);
});

test("says that it cannot tell, not that there is nothing, when an entry's payload goes while it searches", async () => {
  const { storage } = createMemoryStorage();
  await append(writerOf(storage, 0), ["a"], { timestamp: 5 });
  const entry = await storage.logs.readLast(partitionLogId(name.topicId, name.partition));
  if (entry?.payload.kind !== "blob") throw new Error("not by reference");
  await storage.blobs.delete([entry.payload.key]);
  await expect(find(storage, 3)).rejects.toThrow(/sealed meanwhile/);
});
