import { describe, expect, test } from "vitest";
import { readPartitionStart } from "../../../shared/partition/compaction-state.ts";
import { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import { raiseLogStart } from "../../../shared/partition/log-start.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { appendKeyed, appendMarker, compact, readBatches, readKeyed, keyedFrom, seal } from "./compaction-fixture.ts";
import { blobsOf, hourMs, name, writerOf } from "./partition-fixture.ts";

describe("what a compaction keeps", () => {
  test("is the last record of each key, at its offset, and everything that is not sealed", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    await appendKeyed(writer, [
      ["a", "1"],
      ["b", "1"],
    ]);
    await appendKeyed(writer, [
      ["a", "2"],
      ["c", "1"],
    ]);
    await seal(storage);
    await appendKeyed(writer, [
      ["a", "3"],
      ["a", "4"],
    ]);
    expect(await compact(storage)).toEqual({ kind: "compacted", cleanedTo: 4, more: false });
    expect(await readKeyed(storage)).toEqual(["1:b=1", "2:a=2", "3:c=1", "4:a=3", "5:a=4"]);
    await seal(storage);
    await compact(storage);
    expect(await readKeyed(storage)).toEqual(["1:b=1", "3:c=1", "5:a=4"]);
    expect(await compact(storage)).toEqual({ kind: "nothing due" });
  });

  test("drops records without a key, as Kafka does", async () => {
    const { storage } = createMemoryStorage();
    await appendKeyed(writerOf(storage), [
      [null, "1"],
      ["b", "1"],
    ]);
    await seal(storage);
    await compact(storage);
    expect(await readKeyed(storage)).toEqual(["1:b=1"]);
  });

  test("leaves nothing at all where there is nothing to leave, and readers go on behind it", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    await appendKeyed(writer, [["a", "1"]]);
    await appendKeyed(writer, [["a", null]]);
    await seal(storage);
    await compact(storage, { deleteRetentionMs: 0 });
    expect(await readKeyed(storage)).toEqual(["1:a=null"]);
    await compact(storage, { deleteRetentionMs: 0 });
    const reader = new PartitionReader(storage, name);
    const read = await reader.read(0, { bytesMax: 1_000, recordsMax: 10 });
    expect(read).toMatchObject({ batches: [], nextOffset: 2, highWatermark: 2 });
    await appendKeyed(writer, [["b", "1"]]);
    expect(keyedFrom(await readBatches(storage, 0, reader))).toEqual(["2:b=1"]);
  });

  test("keeps tombstones for delete.retention.ms behind the first run that met them", async () => {
    const { storage, time } = createMemoryStorage();
    await appendKeyed(writerOf(storage), [
      ["a", "1"],
      ["b", "1"],
      ["a", null],
    ]);
    await seal(storage);
    await time.advance(100 * hourMs);
    await compact(storage, { deleteRetentionMs: 2 * hourMs });
    expect(await readKeyed(storage)).toEqual(["1:b=1", "2:a=null"]);
    await time.advance(hourMs);
    expect(await compact(storage, { deleteRetentionMs: 2 * hourMs })).toEqual({ kind: "nothing due" });
    await time.advance(hourMs);
    expect(await compact(storage, { deleteRetentionMs: 2 * hourMs })).toMatchObject({ kind: "compacted" });
    expect(await readKeyed(storage)).toEqual(["1:b=1"]);
    expect((await readPartitionStart(storage, name)).compaction.horizonMs).toBeUndefined();
  });

  test("leaves segments alone that are younger than min.compaction.lag.ms", async () => {
    const { storage, time } = createMemoryStorage();
    const writer = writerOf(storage);
    await appendKeyed(
      writer,
      [
        ["a", "1"],
        ["a", "2"],
      ],
      { timestamp: storage.clock.wallMs() },
    );
    await seal(storage);
    await time.advance(hourMs);
    await appendKeyed(
      writer,
      [
        ["a", "3"],
        ["a", "4"],
      ],
      { timestamp: storage.clock.wallMs() },
    );
    await seal(storage);
    expect(await compact(storage, { minCompactionLagMs: hourMs })).toMatchObject({ cleanedTo: 2 });
    expect(await readKeyed(storage)).toEqual(["1:a=2", "2:a=3", "3:a=4"]);
  });

  test("is nothing below the start of the log", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    await appendKeyed(writer, [["a", "1"]]);
    await appendKeyed(writer, [["b", "1"]]);
    await appendKeyed(writer, [["c", "1"]]);
    await seal(storage);
    await raiseLogStart(storage, name, 1);
    await compact(storage);
    expect(keyedFrom(await readBatches(storage, 1))).toEqual(["1:b=1", "2:c=1"]);
    await raiseLogStart(storage, name, 2);
    await appendKeyed(writer, [["d", "1"]]);
    await seal(storage);
    await compact(storage);
    expect(keyedFrom(await readBatches(storage, 2))).toEqual(["2:c=1", "3:d=1"]);
  });
});

describe("transactions", () => {
  test("count from their commit on; what was aborted goes", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    await appendKeyed(writer, [
      ["a", "old"],
      ["b", "old"],
    ]);
    await appendKeyed(writer, [["a", "committed"]], { producerId: 1n });
    await appendKeyed(writer, [["b", "aborted"]], { producerId: 2n });
    await appendMarker(writer, 1n, true);
    await appendMarker(writer, 2n, false);
    await seal(storage);
    await compact(storage);
    expect(await readKeyed(storage)).toEqual(["1:b=old", "2:a=committed", "4!", "5!"]);
  });

  test("end a run before the first that is open", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    await appendKeyed(writer, [["a", "1"]]);
    await appendKeyed(writer, [["a", "2"]]);
    await appendKeyed(writer, [["a", "open"]], { producerId: 1n });
    await appendKeyed(writer, [["a", "3"]]);
    await appendKeyed(writer, [["a", "4"]]);
    await seal(storage);
    expect(await compact(storage)).toMatchObject({ cleanedTo: 2 });
    expect(await readKeyed(storage)).toEqual(["1:a=2", "2:a=open", "3:a=3", "4:a=4"]);
    await appendMarker(writer, 1n, false);
    await seal(storage);
    expect(await compact(storage)).toMatchObject({ cleanedTo: 6 });
    expect(await readKeyed(storage)).toEqual(["4:a=4", "5!"]);
  });

  test("keep their marker as long as a record of theirs is there, and delete.retention.ms longer", async () => {
    const { storage, time } = createMemoryStorage();
    const writer = writerOf(storage);
    const deleteRetentionMs = hourMs;
    const again = async (): Promise<string[]> => {
      await appendKeyed(writer, [["z", "."]]);
      await seal(storage);
      await compact(storage, { deleteRetentionMs });
      return (await readKeyed(storage)).filter((record) => !record.includes("z="));
    };
    await appendKeyed(writer, [["a", "1"]], { producerId: 1n });
    await appendMarker(writer, 1n, true);
    expect(await again()).toEqual(["0:a=1", "1!"]);
    await appendKeyed(writer, [["a", "2"]]);
    expect(await again()).toEqual(["1!", "3:a=2"]);
    expect(await again()).toEqual(["1!", "3:a=2"]);
    await time.advance(hourMs);
    expect(await again()).toEqual(["3:a=2"]);
  });
});

describe("a run that is bounded", () => {
  test("cleans as far as its map of keys goes, and says that there is more", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    for (const key of ["a", "b", "a", "c", "b", "a"]) await appendKeyed(writer, [[key, "."]]);
    await seal(storage);
    expect(await compact(storage, { bounds: { keysMax: 2 } })).toEqual({ kind: "compacted", cleanedTo: 3, more: true });
    expect(await readKeyed(storage)).toEqual(["1:b=.", "2:a=.", "3:c=.", "4:b=.", "5:a=."]);
    expect(await compact(storage, { bounds: { keysMax: 2 } })).toEqual({ kind: "compacted", cleanedTo: 5, more: true });
    expect(await compact(storage, { bounds: { keysMax: 2 } })).toEqual({
      kind: "compacted",
      cleanedTo: 6,
      more: false,
    });
    expect(await readKeyed(storage)).toEqual(["3:c=.", "4:b=.", "5:a=."]);
  });

  test("gets beyond a transaction that is larger than its map, by looking for the marker", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    await appendKeyed(writer, [["a", "0"]]);
    for (const key of ["a", "b", "c", "d"]) {
      await appendKeyed(writer, [[key, "1"]], { producerId: 1n });
      await seal(storage);
    }
    await appendMarker(writer, 1n, true);
    await seal(storage);
    expect(await compact(storage, { bounds: { keysMax: 2 } })).toEqual({ kind: "compacted", cleanedTo: 3, more: true });
    for (let run = 0; run < 2; run += 1) await compact(storage, { bounds: { keysMax: 2 } });
    expect(await readKeyed(storage)).toEqual(["1:a=1", "2:b=1", "3:c=1", "4:d=1", "5!"]);
  });

  test("changes nothing when its time is over", async () => {
    const { storage } = createMemoryStorage();
    await appendKeyed(writerOf(storage), [
      ["a", "1"],
      ["a", "2"],
    ]);
    await seal(storage);
    expect(await compact(storage, { msMax: -1 })).toEqual({ kind: "too long" });
    expect((await readPartitionStart(storage, name)).compaction.cleanedTo).toBe(0);
    expect(await blobsOf(storage, "segments/")).toHaveLength(3);
  });
});

test("of two runs at once the one that is published first stands", async () => {
  const { storage } = createMemoryStorage();
  const writer = writerOf(storage);
  await appendKeyed(writer, [["a", "1"]]);
  await seal(storage);
  const { promise: thawed, resolve: thaw } = Promise.withResolvers<void>();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const items = {
    ...storage.items,
    get: storage.items.get.bind(storage.items),
    update: async (...[key, change, conditions]: Parameters<Storage["items"]["update"]>) => {
      reach();
      await thawed;
      return await storage.items.update(key, change, conditions);
    },
  };
  const slow = compact({ ...storage, items });
  await reached;
  await appendKeyed(writer, [["a", "2"]]);
  await seal(storage);
  expect(await compact(storage)).toMatchObject({ kind: "compacted", cleanedTo: 2 });
  thaw();
  expect(await slow).toEqual({ kind: "lost" });
  expect(await readKeyed(storage)).toEqual(["1:a=2"]);
});

test("a run stops where a range read misses a segment", async () => {
  const { storage } = createMemoryStorage();
  const writer = writerOf(storage);
  for (const key of ["a", "b", "c"]) {
    await appendKeyed(writer, [[key, "1"]]);
    await seal(storage);
  }
  const { logs } = storage;
  const torn = {
    putIfAbsent: logs.putIfAbsent.bind(logs),
    readLast: logs.readLast.bind(logs),
    readAt: logs.readAt.bind(logs),
    trim: logs.trim.bind(logs),
    readFrom: async (...args: Parameters<typeof logs.readFrom>) => {
      const range = await logs.readFrom(...args);
      return { ...range, entries: range.entries.filter(({ position }) => position !== 1) };
    },
  };
  expect(await compact({ ...storage, logs: torn })).toMatchObject({ kind: "compacted", cleanedTo: 1 });
  expect(await readKeyed(storage)).toEqual(["0:a=1", "1:b=1", "2:c=1"]);
});

test("an offset in a gap that is larger than a row of the index gets the batch behind it", async () => {
  const { storage } = createMemoryStorage();
  const writer = writerOf(storage);
  const large = "x".repeat(70_000);
  await appendKeyed(writer, [["a", large]]);
  for (let update = 0; update < 9; update += 1) await appendKeyed(writer, [["b", "1"]]);
  await appendKeyed(writer, [["b", large]]);
  await seal(storage);
  await compact(storage, { segmentBytes: 1_000_000 });
  const read = await new PartitionReader(storage, name).read(5, { bytesMax: 1_000, recordsMax: 10 });
  expect(read).toMatchObject({ kind: "batches", nextOffset: 11 });
  expect(keyedFrom(read.kind === "batches" ? read.batches : [])).toEqual([`10:b=${large}`]);
});
