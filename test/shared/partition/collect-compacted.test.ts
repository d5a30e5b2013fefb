import { describe, expect, test } from "vitest";
import { segmentsLogId } from "../../../shared/log/log-id.ts";
import { collectPartition } from "../../../shared/partition/collect-partition.ts";
import { readPartitionStart } from "../../../shared/partition/compaction-state.ts";
import { raiseLogStart } from "../../../shared/partition/log-start.ts";
import { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import { retainPartition } from "../../../shared/partition/retain-partition.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { appendKeyed, compact, keyedFrom, readBatches, readKeyed, seal } from "./compaction-fixture.ts";
import { blobsOf, hourMs, minuteMs, name, writerOf } from "./partition-fixture.ts";

const listId = segmentsLogId(name.topicId, name.partition);

async function listed(storage: Storage): Promise<number[]> {
  const { entries } = await storage.logs.readFrom(listId, 0, { entriesMax: 1_000, bytesMax: 10_000_000 });
  return entries.map(({ position }) => position);
}

async function blobKeys(storage: Storage): Promise<string[]> {
  return (await blobsOf(storage, "segments/")).map(({ key }) => key.slice("segments/topic/0/".length));
}

/** Three segments of one record each, of one key. */
async function threeSegments(memory: MemoryStorage): Promise<void> {
  const writer = writerOf(memory.storage);
  for (const value of ["1", "2", "3"]) {
    await appendKeyed(writer, [["a", value]]);
    await seal(memory.storage);
  }
}

async function passCollecting({ storage, time }: MemoryStorage, hours: number): Promise<void> {
  for (let hour = 0; hour < hours; hour += 1) {
    await time.advance(hourMs);
    await collectPartition(storage, name);
  }
}

describe("a collector", () => {
  test("removes what was compacted from the segment list a grace period later, and not sooner", async () => {
    const memory = createMemoryStorage();
    const { storage, time } = memory;
    await threeSegments(memory);
    await compact(storage);
    await time.advance(storage.lifetimes.graceMs - minuteMs);
    await collectPartition(storage, name);
    expect(await listed(storage)).toEqual([0, 1, 2]);
    await time.advance(2 * minuteMs);
    await collectPartition(storage, name);
    expect(await listed(storage)).toEqual([2]);
    expect((await blobKeys(storage)).filter((key) => !key.includes("compacted"))).toEqual([]);
    expect(await readKeyed(storage)).toEqual(["2:a=3"]);
  });

  test("removes it also while the log is compacted again and again", async () => {
    const memory = createMemoryStorage();
    const { storage, time } = memory;
    const writer = writerOf(storage);
    for (let round = 0; round < 30; round += 1) {
      await appendKeyed(writer, [["a", String(round)]]);
      await seal(storage);
      await compact(storage);
      await time.advance(storage.lifetimes.graceMs / 4);
      await collectPartition(storage, name);
    }
    expect((await listed(storage)).length).toBeLessThan(12);
    const runs = (await blobKeys(storage)).filter((key) => key.endsWith(".manifest"));
    expect(runs.length).toBeLessThan(20);
    expect(await readKeyed(storage)).toEqual(["29:a=29"]);
  });

  test("removes runs that another took the place of, or that were never published, and keeps the last", async () => {
    const memory = createMemoryStorage();
    const { storage } = memory;
    await threeSegments(memory);
    await compact(storage);
    await storage.blobs.put("segments/topic/0/00000000000000000001-compacted.lost.log", [new Uint8Array(3)]);
    await appendKeyed(writerOf(storage), [["a", "4"]]);
    await seal(storage);
    await compact(storage);
    const { id } = (await readPartitionStart(storage, name)).compaction;
    await passCollecting(memory, 1);
    expect((await blobKeys(storage)).filter((key) => key.endsWith(".manifest"))).toHaveLength(2);
    await passCollecting(memory, 12);
    const keys = await blobKeys(storage);
    expect(keys).toHaveLength(4);
    expect(keys.every((key) => key.includes(`compacted.${id}`))).toBe(true);
    expect(await readKeyed(storage)).toEqual(["3:a=4"]);
    await passCollecting(memory, 12);
    expect(await blobKeys(storage)).toEqual(keys);
  });

  test("removes also the garbage of a log whose first run never came to its end", async () => {
    const memory = createMemoryStorage();
    await threeSegments(memory);
    const lost = "segments/topic/0/00000000000000000001-compacted.lost.log";
    await memory.storage.blobs.put(lost, [new Uint8Array(3)]);
    await passCollecting(memory, 12);
    expect((await blobsOf(memory.storage, "segments/")).map(({ key }) => key)).not.toContain(lost);
    expect(await readKeyed(memory.storage)).toEqual(["0:a=1", "1:a=2", "2:a=3"]);
  });

  test("removes compacted segments that the start of the log has left behind", async () => {
    const memory = createMemoryStorage();
    const { storage } = memory;
    const writer = writerOf(storage);
    for (const key of ["a", "b", "c"]) await appendKeyed(writer, [[key, "1"]]);
    await seal(storage);
    await compact(storage, { segmentBytes: 1 });
    await raiseLogStart(storage, name, 2);
    await passCollecting(memory, 4);
    expect((await blobKeys(storage)).filter((key) => key.endsWith(".log"))).toHaveLength(1);
    expect(keyedFrom(await readBatches(storage, 2))).toEqual(["2:c=1"]);
    await appendKeyed(writer, [["b", "2"]]);
    await seal(storage);
    await compact(storage);
    expect(keyedFrom(await readBatches(storage, 2))).toEqual(["2:c=1", "3:b=2"]);
  });
});

test("a run whose blobs may be collected by now is not published", async () => {
  const memory = createMemoryStorage();
  const { storage, time } = memory;
  await threeSegments(memory);
  // Frozen before its update, for longer than a collector needs.
  const { promise: thawed, resolve: thaw } = Promise.withResolvers<void>();
  const items = {
    ...storage.items,
    get: storage.items.get.bind(storage.items),
    update: async (...[key, change, conditions]: Parameters<Storage["items"]["update"]>) => {
      await thawed;
      return await storage.items.update(key, change, conditions);
    },
  };
  const frozen = compact({ ...storage, items });
  await time.advance(minuteMs);
  expect((await blobKeys(storage)).some((key) => key.endsWith(".manifest"))).toBe(true);
  await passCollecting(memory, 12);
  expect((await blobKeys(storage)).some((key) => key.endsWith(".manifest"))).toBe(false);
  thaw();
  expect(await frozen).toEqual({ kind: "lost" });
  expect(await readKeyed(storage)).toEqual(["0:a=1", "1:a=2", "2:a=3"]);
});

test("a reader that holds a manifest which is gone finds the one that took its place", async () => {
  const memory = createMemoryStorage();
  const { storage } = memory;
  await threeSegments(memory);
  await compact(storage);
  const reader = new PartitionReader(storage, name);
  expect(keyedFrom(await readBatches(storage, 0, reader))).toEqual(["2:a=3"]);
  const before = (await blobsOf(storage, "segments/")).map(({ key }) => key);
  await appendKeyed(writerOf(storage), [["b", "1"]]);
  await seal(storage);
  await compact(storage);
  await storage.blobs.delete(before);
  expect(keyedFrom(await readBatches(storage, 0, reader))).toEqual(["2:a=3", "3:b=1"]);
});

describe("retention of a log that is compacted and deleted", () => {
  test("gives up compacted segments by their size, and then those of the list", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    for (const key of ["a", "b", "c"]) await appendKeyed(writer, [[key, "1"]]);
    await seal(storage);
    await compact(storage, { segmentBytes: 1 });
    await appendKeyed(writer, [["d", "1"]]);
    await seal(storage);
    await appendKeyed(writer, [["e", "1"]]);
    await seal(storage);
    const [batch] = await readBatches(storage, 4);
    const size = batch?.length ?? 0;
    const retain = (batches: number): Promise<number> =>
      retainPartition(storage, name, { retentionMs: undefined, retentionBytes: batches * size });
    expect(await retain(5)).toBe(0);
    expect(await retain(4)).toBe(1);
    expect(await retain(2)).toBe(3);
    expect(await retain(1)).toBe(4);
    expect(await retain(0)).toBe(5);
  });

  test("gives up compacted segments by the time of what is left in them", async () => {
    const { storage, time } = createMemoryStorage();
    const writer = writerOf(storage);
    await appendKeyed(writer, [["a", "1"]], { timestamp: storage.clock.wallMs() });
    await time.advance(2 * hourMs);
    await appendKeyed(writer, [["a", "2"]], { timestamp: storage.clock.wallMs() });
    await seal(storage);
    await compact(storage);
    await time.advance(hourMs);
    const settings = { retentionMs: 2 * hourMs, retentionBytes: undefined };
    expect(await retainPartition(storage, name, settings)).toBe(0);
    await time.advance(2 * hourMs);
    expect(await retainPartition(storage, name, settings)).toBe(2);
  });
});
