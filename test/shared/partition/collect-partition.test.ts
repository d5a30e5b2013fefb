import { describe, expect, test } from "vitest";
import { partitionLogId, segmentsLogId } from "../../../shared/log/log-id.ts";
import { collectPartition } from "../../../shared/partition/collect-partition.ts";
import { decodeEntryMeta } from "../../../shared/partition/entry-meta.ts";
import { raiseLogStart } from "../../../shared/partition/log-start.ts";
import { sealPartition } from "../../../shared/partition/seal-partition.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { append, blobsOf, hourMs, minuteMs, name, readAll, sealSettings, writerOf } from "./partition-fixture.ts";

const forced = { forced: true };
const logId = partitionLogId(name.topicId, name.partition);
const listId = segmentsLogId(name.topicId, name.partition);

async function hotPositions(storage: Storage): Promise<number[]> {
  const { entries } = await storage.logs.readFrom(logId, 0, { entriesMax: 1_000, bytesMax: 10_000_000 });
  return entries.map(({ position }) => position);
}

async function listed(storage: Storage): Promise<number[]> {
  const { entries } = await storage.logs.readFrom(listId, 0, { entriesMax: 1_000, bytesMax: 10_000_000 });
  return entries.map(({ position }) => position);
}

async function keysOf(storage: Storage, prefix: string): Promise<string[]> {
  return (await blobsOf(storage, prefix)).map(({ key }) => key);
}

/** Segments of two records, each made of two entries by reference. */
async function segments(memory: MemoryStorage, count: number): Promise<void> {
  const writer = writerOf(memory.storage, 0);
  for (let segment = 0; segment < count; segment += 1) {
    await append(writer, ["a"]);
    await append(writer, ["b"]);
    await sealPartition(memory.storage, name, sealSettings, forced);
  }
}

describe("hot entries of a store that drops none by itself", () => {
  const trimming = { dropsExpiredEntries: false };

  test("go with their payloads when they are sealed and the grace period is over, and not before", async () => {
    const memory = createMemoryStorage(trimming);
    const { storage, time } = memory;
    await segments(memory, 2);
    expect(await collectPartition(storage, name)).toEqual({ entriesTrimmed: 0, blobsDeleted: 0, more: false });
    await time.advance(storage.lifetimes.graceMs - minuteMs);
    await append(writerOf(storage, 0), ["c"]);
    await collectPartition(storage, name);
    expect(await hotPositions(storage)).toEqual([0, 1, 2, 3, 4]);
    await time.advance(2 * minuteMs);
    expect(await collectPartition(storage, name)).toEqual({ entriesTrimmed: 4, blobsDeleted: 4, more: false });
    expect(await hotPositions(storage)).toEqual([4]);
    expect(await keysOf(storage, "hot/")).toHaveLength(1);
    expect(await readAll(storage)).toEqual(["0:a", "1:b", "2:a", "3:b", "4:c"]);
  });

  test("stay as long as they are not sealed, however old they are", async () => {
    const { storage, time } = createMemoryStorage(trimming);
    await append(writerOf(storage, 0), ["a"]);
    for (let round = 0; round < 3; round += 1) {
      await time.advance(100 * hourMs);
      expect(await collectPartition(storage, name)).toEqual({ entriesTrimmed: 0, blobsDeleted: 0, more: false });
    }
    expect(await readAll(storage)).toEqual(["0:a"]);
  });

  test("go page by page, as far as a run may, and the next run goes on", async () => {
    const { storage, time } = createMemoryStorage(trimming);
    const writer = writerOf(storage);
    for (let count = 0; count < 2_500; count += 1) await append(writer, ["a"]);
    await sealPartition(storage, name, { ...sealSettings, segmentBytes: 10_000_000 }, forced);
    await time.advance(3 * hourMs);
    const results = [];
    for (let run = 0; run < 3; run += 1) results.push(await collectPartition(storage, name, { pagesMax: 2 }));
    expect(results.map(({ entriesTrimmed }) => entriesTrimmed)).toEqual([1_000, 1_000, 500]);
    expect(results.map(({ more }) => more)).toEqual([true, true, false]);
    expect(await hotPositions(storage)).toEqual([]);
  });
});

describe("segments before the start of the log", () => {
  test("go a grace period after it was raised: entries of the list, then their blobs, but never the last entry", async () => {
    const memory = createMemoryStorage();
    const { storage, time } = memory;
    await segments(memory, 3);
    await time.advance(10 * hourMs);
    await raiseLogStart(storage, name, 5);
    await collectPartition(storage, name);
    expect(await listed(storage)).toEqual([0, 2, 4]);
    await time.advance(storage.lifetimes.graceMs + 1);
    expect(await collectPartition(storage, name)).toMatchObject({ entriesTrimmed: 2 });
    expect(await listed(storage)).toEqual([4]);
    expect(await keysOf(storage, "segments/")).toHaveLength(3);
    expect(await readAll(storage, 5)).toEqual(["5:b"]);
    await raiseLogStart(storage, name, 6);
    await time.advance(storage.lifetimes.graceMs + 1);
    await collectPartition(storage, name);
    expect(await listed(storage)).toEqual([4]);
    expect(await keysOf(storage, "segments/")).toEqual([]);
    await time.advance(100 * hourMs);
    expect(await append(writerOf(storage), ["c"])).toBe(6);
  });

  test("go although the start rises again and again before a grace period is over", async () => {
    const memory = createMemoryStorage();
    const { storage, time } = memory;
    await segments(memory, 40);
    for (let start = 2; start <= 70; start += 2) {
      await raiseLogStart(storage, name, start);
      await time.advance(20 * minuteMs);
      await collectPartition(storage, name);
    }
    const [first = 0] = await listed(storage);
    // Never what was raised within the grace period of two hours, which is six steps; at most as much again late.
    expect(first).toBeLessThanOrEqual(70 - 12);
    expect(first).toBeGreaterThan(70 - 2 * 14);
  });

  test("which were sealed after the start had passed them go as well", async () => {
    const memory = createMemoryStorage();
    const { storage, time } = memory;
    const writer = writerOf(storage);
    await append(writer, ["a"]);
    await sealPartition(storage, name, sealSettings, forced);
    await append(writer, ["b", "c"]);
    await raiseLogStart(storage, name, 3);
    await time.advance(3 * hourMs);
    await collectPartition(storage, name);
    await sealPartition(storage, name, sealSettings, forced);
    await append(writer, ["d"]);
    await sealPartition(storage, name, sealSettings, forced);
    await time.advance(3 * hourMs);
    await collectPartition(storage, name);
    expect(await listed(storage)).toEqual([3]);
    expect(await readAll(storage, 3)).toEqual(["3:d"]);
  });
});

describe("blobs that nothing refers to", () => {
  const orphans = [
    "hot/topic/0/lost-race",
    "segments/topic/0/00000000000000000000-loser.log",
    "segments/topic/0/00000000000000000002-loser.index",
    "segments/topic/0/00000000000000000002-loser.state",
    "segments/topic/0/00000000000000000999-loser.timeindex",
  ];

  test.each([
    ["trims hot entries", false, 2],
    ["drops hot entries by itself", true, 26],
  ] as const)("go when they are old, on a store that %s, and not before", async (_, dropsExpiredEntries, hours) => {
    const memory = createMemoryStorage({ dropsExpiredEntries });
    const { storage, time } = memory;
    await segments(memory, 2);
    const referenced = await keysOf(storage, "segments/");
    for (const key of orphans) await storage.blobs.put(key, [new Uint8Array(3)]);
    await storage.blobs.put("hot/other/0/x", [new Uint8Array(3)]);
    await collectPartition(storage, name);
    expect(await keysOf(storage, "")).toEqual(expect.arrayContaining(orphans));
    await time.advance(hours * hourMs - minuteMs);
    await collectPartition(storage, name);
    expect(await keysOf(storage, "hot/topic")).toContain("hot/topic/0/lost-race");
    // The next pass over the blobs.
    await time.advance(hourMs);
    await collectPartition(storage, name);
    expect(await keysOf(storage, "")).toEqual(["hot/other/0/x", ...referenced]);
  });

  test("are looked for over several runs, where there are many, and then not again for an hour", async () => {
    const { storage, time } = createMemoryStorage();
    for (let count = 0; count < 2_200; count += 1) await storage.blobs.put(`hot/topic/0/${count}`, [new Uint8Array(1)]);
    for (let count = 0; count < 1_100; count += 1) {
      await storage.blobs.put(`segments/topic/0/${String(count).padStart(20, "0")}-x.log`, [new Uint8Array(1)]);
    }
    await time.advance(30 * hourMs);
    const results = [];
    for (let run = 0; run < 6; run += 1) results.push(await collectPartition(storage, name, { pagesMax: 1 }));
    expect(results.map(({ blobsDeleted }) => blobsDeleted)).toEqual([1_000, 1_000, 200, 1_000, 100, 0]);
    expect(results.map(({ more }) => more)).toEqual([true, true, true, true, false, false]);
    await storage.blobs.put("hot/topic/0/late", [new Uint8Array(1)]);
    const counted = countRequests(storage);
    await time.advance(59 * minuteMs);
    await collectPartition(counted.storage, name);
    expect(counted.counts()["blobs.list"]).toBeUndefined();
    await time.advance(2 * minuteMs);
    await collectPartition(counted.storage, name);
    expect(counted.counts()["blobs.list"]).toBe(2);
  });

  test("stay if they hold the producer table from which a cold writer starts, however old it is", async () => {
    const { storage, time } = createMemoryStorage({ dropsExpiredEntries: false });
    const writer = writerOf(storage);
    const appendMany = async (from: number): Promise<void> => {
      await Promise.all(
        Array.from({ length: 700 }, (_, index) =>
          append(writer, ["a"], { producer: { producerId: BigInt(from + index), producerEpoch: 0, baseSequence: 0 } }),
        ),
      );
    };
    await appendMany(0);
    await appendMany(1_000);
    for (let count = 0; count < 300; count += 1) {
      await append(writer, ["b"]);
      // The table is stored beside the log, between two appends.
      await time.advance(10);
    }
    expect((await keysOf(storage, "hot/")).length).toBeGreaterThan(1);
    for (let round = 0; round < 8; round += 1) {
      await sealPartition(storage, name, sealSettings, forced);
      await time.advance(50 * minuteMs);
      await append(writer, ["now and then"]);
      await collectPartition(storage, name);
    }
    const last = await storage.logs.readLast(logId);
    const checkpoint = last === undefined ? undefined : decodeEntryMeta(last).checkpoint;
    const kept = checkpoint?.kind === "blob" ? [`hot/topic/0/${checkpoint.id}`] : [];
    expect(kept).toHaveLength(1);
    expect(await keysOf(storage, "hot/")).toEqual(kept);
  });
});

test("a payload whose entry is not sealed stays, however old it and however much is sealed before it", async () => {
  for (const dropsExpiredEntries of [false, true]) {
    const memory = createMemoryStorage({ dropsExpiredEntries, faults: { expiryNever: 1 } });
    const { storage, time } = memory;
    await segments(memory, 2);
    await time.advance(3 * hourMs);
    await append(writerOf(storage, 0), ["unsealed"]);
    for (let round = 0; round < 5; round += 1) {
      await time.advance(20 * hourMs);
      await collectPartition(storage, name);
    }
    expect(await keysOf(storage, "hot/")).toHaveLength(1);
    expect(await readAll(storage, 4)).toEqual(["4:unsealed"]);
  }
});

test("collecting an idle partition costs two requests, and a look at its blobs once an hour", async () => {
  const memory = createMemoryStorage();
  const { storage, time } = memory;
  await segments(memory, 3);
  await raiseLogStart(storage, name, 4);
  await time.advance(30 * hourMs);
  await collectPartition(storage, name);
  const counted = countRequests(storage);
  await collectPartition(counted.storage, name);
  expect(counted.counts()).toEqual({ "logs.readLast": 1, "items.get": 1 });
});
