import { describe, expect, test } from "vitest";
import { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import { sealPartition } from "../../../shared/partition/seal-partition.ts";
import { truncatePartition } from "../../../shared/partition/truncate-partition.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { append, hourMs, name, readAll, recordsFrom, sealSettings, writerOf } from "./partition-fixture.ts";

/** Records 0 to 5 in batches of three, the first batch sealed. */
async function sixRecords(): Promise<MemoryStorage & { readonly reader: PartitionReader }> {
  const memory = createMemoryStorage();
  const writer = writerOf(memory.storage);
  await append(writer, ["a", "b", "c"]);
  await sealPartition(memory.storage, name, sealSettings, { forced: true });
  await append(writer, ["d", "e", "f"]);
  return { ...memory, reader: new PartitionReader(memory.storage, name) };
}

describe("truncating", () => {
  test.each([
    ["to an offset", 2, 2],
    ["to one in a batch that is not sealed", 4, 4],
    ["to -1, which is the high watermark", -1, 6],
    ["to the high watermark itself", 6, 6],
    ["to 0", 0, 0],
  ])("%s lets the log start there", async (_, beforeOffset, logStartOffset) => {
    const { storage, reader } = await sixRecords();
    expect(await truncatePartition(storage, name, reader, beforeOffset)).toEqual({ kind: "truncated", logStartOffset });
    expect(await readAll(storage, logStartOffset)).toHaveLength(6 - logStartOffset);
  });

  test.each([[7], [-2], [1.5], [Number.NaN]])("to %d is out of range and changes nothing", async (beforeOffset) => {
    const { storage, reader } = await sixRecords();
    await truncatePartition(storage, name, reader, 1);
    expect(await truncatePartition(storage, name, reader, beforeOffset)).toEqual({
      kind: "out of range",
      highWatermark: 6,
      logStartOffset: 1,
    });
    expect(await readAll(storage, 1)).toHaveLength(5);
  });

  test("to an offset before the start changes nothing and tells the start", async () => {
    const { storage, reader } = await sixRecords();
    await truncatePartition(storage, name, reader, 4);
    expect(await truncatePartition(storage, name, reader, 2)).toEqual({ kind: "truncated", logStartOffset: 4 });
  });

  test("is seen at once where it was asked for, and everywhere after five seconds", async () => {
    const { storage, reader, time } = await sixRecords();
    const other = new PartitionReader(storage, name);
    await other.read(0, { bytesMax: 1, recordsMax: 1 });
    await truncatePartition(storage, name, reader, 4);
    const outOfRange = { kind: "out of range", logStartOffset: 4, lastStableOffset: 6, highWatermark: 6 };
    expect(await reader.read(3, { bytesMax: 1_000, recordsMax: 10 })).toEqual(outOfRange);
    await time.advance(5_001);
    expect(await other.read(3, { bytesMax: 1_000, recordsMax: 10 })).toEqual(outOfRange);
  });

  test("to an offset inside a batch leaves the whole batch to readers of batches, which begin at the offset", async () => {
    const { storage, reader } = await sixRecords();
    await truncatePartition(storage, name, reader, 4);
    const read = await reader.read(4, { bytesMax: 1_000, recordsMax: 10 });
    if (read.kind !== "batches") throw new Error(read.kind);
    expect(recordsFrom(read.batches)).toEqual(["3:d", "4:e", "5:f"]);
    expect(recordsFrom(read.batches, 4)).toEqual(["4:e", "5:f"]);
  });

  test("all of an idle log, whose hot entries have expired, goes by the proven high watermark", async () => {
    const { storage, reader, time } = await sixRecords();
    await sealPartition(storage, name, sealSettings, { forced: true });
    await time.advance(100 * hourMs);
    expect(await truncatePartition(storage, name, reader, -1)).toEqual({ kind: "truncated", logStartOffset: 6 });
    expect(await append(writerOf(storage), ["g"])).toBe(6);
    expect(await readAll(storage, 6)).toEqual(["6:g"]);
  });

  test("an empty partition to -1 leaves it as it is", async () => {
    const { storage } = createMemoryStorage();
    const reader = new PartitionReader(storage, name);
    expect(await truncatePartition(storage, name, reader, -1)).toEqual({ kind: "truncated", logStartOffset: 0 });
    expect(await truncatePartition(storage, name, reader, 1)).toMatchObject({ kind: "out of range", highWatermark: 0 });
  });
});
