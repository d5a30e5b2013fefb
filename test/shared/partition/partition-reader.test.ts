import { describe, expect, test } from "vitest";
import { partitionLogId } from "../../../shared/log/log-id.ts";
import { collectPartition } from "../../../shared/partition/collect-partition.ts";
import { raiseLogStart } from "../../../shared/partition/log-start.ts";
import { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import { sealPartition } from "../../../shared/partition/seal-partition.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import {
  append,
  hourMs,
  minuteMs,
  name,
  numbered,
  readAll,
  recordsFrom,
  sealSettings,
  writerOf,
} from "./partition-fixture.ts";

const page = { bytesMax: 100_000, recordsMax: 1_000 };
const forced = { forced: true };

async function readFrom(reader: PartitionReader, offset: number, limits = page): Promise<string[]> {
  const read = await reader.read(offset, limits);
  if (read.kind !== "batches") throw new Error(read.kind);
  return recordsFrom(read.batches, offset);
}

async function filled(storage: Storage, count: number, inlineBytesMax?: number): Promise<string[]> {
  const writer = writerOf(storage, inlineBytesMax);
  const values = Array.from({ length: count }, (_, index) => `value ${index}`);
  for (let at = 0; at < count; at += 3) await append(writer, values.slice(at, at + 3));
  return values;
}

describe("a reader", () => {
  test.each([
    ["hot", 0, false],
    ["hot and by reference", 0, true],
    ["sealed and hot", 1, false],
    ["sealed, and no longer hot", 2, true],
  ] as const)("gets every record from any offset, by any limits, of a log that is %s", async (_, sealed, blobs) => {
    const { storage, time } = createMemoryStorage();
    const values = await filled(storage, 30, blobs ? 0 : undefined);
    if (sealed > 0) await sealPartition(storage, name, sealSettings, forced);
    if (sealed > 1) await time.advance(100 * hourMs);
    else values.push(...(await filled(storage, 30, blobs ? 0 : undefined)));
    const all = numbered(values);
    for (let offset = 0; offset <= values.length; offset += 1) {
      for (const limits of [page, { bytesMax: 1, recordsMax: 1 }]) {
        expect(await readAll(storage, offset, limits)).toEqual(all.slice(offset));
      }
    }
  });

  test.each([
    ["beyond the high watermark", 7, 0],
    ["before the start of the log", 1, 2],
  ])("is told that an offset %s is out of range, and what the range is", async (_, offset, start) => {
    const { storage } = createMemoryStorage();
    await filled(storage, 6);
    if (start > 0) await raiseLogStart(storage, name, start);
    const reader = new PartitionReader(storage, name);
    expect(await reader.read(offset, page)).toEqual({
      kind: "out of range",
      highWatermark: 6,
      lastStableOffset: 6,
      logStartOffset: start,
    });
  });

  test("gets nothing, and no error, at the tail: of an empty log, a hot one, and one whose entries have expired", async () => {
    const { storage, time } = createMemoryStorage();
    const nothing = { kind: "batches", batches: [], aborted: [], logStartOffset: 0 };
    expect(await new PartitionReader(storage, name).read(0, page)).toEqual({
      ...nothing,
      nextOffset: 0,
      highWatermark: 0,
      lastStableOffset: 0,
    });
    await filled(storage, 6);
    const reader = new PartitionReader(storage, name);
    const atTail = { ...nothing, nextOffset: 6, highWatermark: 6, lastStableOffset: 6 };
    expect(await reader.read(6, page)).toEqual(atTail);
    await sealPartition(storage, name, sealSettings, forced);
    await time.advance(100 * hourMs);
    expect(await storage.logs.readLast(partitionLogId(name.topicId, name.partition))).toBeUndefined();
    expect(await reader.read(6, page)).toEqual(atTail);
    expect(await new PartitionReader(storage, name).read(6, page)).toEqual(atTail);
  });

  test("that knew a tail long ago finds what was appended, sealed and trimmed since", async () => {
    const { storage, time } = createMemoryStorage();
    const reader = new PartitionReader(storage, name);
    await filled(storage, 6);
    expect(await readFrom(reader, 6)).toEqual([]);
    await filled(storage, 3);
    await sealPartition(storage, name, sealSettings, forced);
    await time.advance(100 * hourMs);
    expect(await readFrom(reader, 6)).toEqual(["6:value 0", "7:value 1", "8:value 2"]);
  });
});

describe("what a reader has seen is sealed and collected", () => {
  test.each([
    ["trimmed by the collector", false],
    ["dropped by the store, or not", true],
  ] as const)(
    "where hot entries are %s, it goes on in the segment, also in the middle of an entry",
    async (_, drops) => {
      const faults = drops ? { expiryNever: 0.5 } : {};
      for (let seed = 0; seed < 6; seed += 1) {
        const { storage, time } = createMemoryStorage({ seed, dropsExpiredEntries: drops, faults });
        const writer = writerOf(storage, 0);
        // One entry of several batches: the reader stops inside it.
        await append(writer, ["first"]);
        await Promise.all(["a", "b", "c", "d", "e"].map((value) => append(writer, [value])));
        const reader = new PartitionReader(storage, name);
        expect(await readFrom(reader, 2, { bytesMax: 1, recordsMax: 1 })).toHaveLength(1);
        await sealPartition(storage, name, sealSettings, forced);
        for (let round = 0; round < 3; round += 1) {
          await time.advance(40 * hourMs);
          await collectPartition(storage, name);
        }
        expect((await storage.blobs.list("hot/", { limit: 10 })).blobs).toEqual([]);
        expect(await readFrom(reader, 3)).toHaveLength(3);
        expect(await readFrom(new PartitionReader(storage, name), 4)).toHaveLength(2);
      }
    },
  );

  test("a reader that was frozen between an entry and its payload goes on in the segment", async () => {
    const { storage, store, time } = createMemoryStorage({ dropsExpiredEntries: false });
    await filled(storage, 9, 0);
    const process = store.process();
    const own = process.storage;
    const freezing: Storage = {
      ...own,
      blobs: {
        ...own.blobs,
        get: async (key, range) => {
          if (key.startsWith("hot/")) {
            await sealPartition(storage, name, sealSettings, forced);
            await time.advance(3 * hourMs);
            await collectPartition(storage, name);
          }
          return await own.blobs.get(key, range);
        },
      },
    };
    expect(await readFrom(new PartitionReader(freezing, name), 0)).toHaveLength(9);
  });
});

describe("requests", () => {
  async function countOf(storage: Storage, reader: (counted: Storage) => Promise<unknown>) {
    const counted = countRequests(storage);
    await reader(counted.storage);
    return counted.counts();
  }

  test("at the tail a warm reader makes one query for what is new, and one when nothing is", async () => {
    const { storage } = createMemoryStorage();
    await filled(storage, 30);
    const counted = countRequests(storage);
    const reader = new PartitionReader(counted.storage, name);
    await readAll(storage, 0, page, reader);
    counted.reset();
    await reader.read(30, page);
    expect(counted.counts()).toEqual({ "logs.readFrom": 1 });
    await filled(storage, 3);
    counted.reset();
    expect(await readFrom(reader, 30)).toHaveLength(3);
    expect(counted.counts()).toEqual({ "logs.readFrom": 1 });
  });

  test("right behind the last segment, too, though it read that segment before", async () => {
    const { storage, time } = createMemoryStorage();
    await filled(storage, 30);
    await sealPartition(storage, name, sealSettings, forced);
    await time.advance(30 * minuteMs);
    const counted = countRequests(storage);
    const reader = new PartitionReader(counted.storage, name);
    await readFrom(reader, 0);
    await reader.read(30, page);
    counted.reset();
    await reader.read(30, page);
    expect(counted.counts()).toEqual({ "logs.readFrom": 1 });
  });

  test("within a segment a warm reader makes one ranged read a page", async () => {
    const { storage, time } = createMemoryStorage();
    await filled(storage, 300);
    await sealPartition(storage, name, sealSettings, forced);
    await time.advance(100 * hourMs);
    const counted = countRequests(storage);
    const reader = new PartitionReader(counted.storage, name);
    await readFrom(reader, 0, { bytesMax: 500, recordsMax: 10 });
    counted.reset();
    await readFrom(reader, 12, { bytesMax: 500, recordsMax: 10 });
    expect(counted.counts()).toEqual({ "blobs.get": 1 });
  });

  test("a cold reader of a segment asks as often of a long log as of a short one", async () => {
    const totals: number[] = [];
    for (const segments of [2, 40]) {
      const { storage, time } = createMemoryStorage();
      for (let segment = 0; segment < segments; segment += 1) {
        await filled(storage, 6);
        await sealPartition(storage, name, sealSettings, forced);
      }
      await time.advance(100 * hourMs);
      const counts = await countOf(storage, (counted) => readFrom(new PartitionReader(counted, name), 6));
      totals.push(Object.values(counts).reduce((sum, count) => sum + count, 0));
    }
    expect(totals[1]).toBe(totals[0]);
  });
});
