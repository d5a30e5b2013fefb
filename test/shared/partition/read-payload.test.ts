import { describe, expect, test } from "vitest";
import { partitionLogId } from "../../../shared/log/log-id.ts";
import { readSelection } from "../../../shared/partition/read-payload.ts";
import { selectBatches } from "../../../shared/partition/select-batches.ts";
import { readBatchHeader } from "../../../shared/record/record-batch.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import type { LogEntry } from "../../../shared/storage/log-store.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { append, name, recordsFrom, writerOf } from "./partition-fixture.ts";

const limits = { bytesMax: 10_000, recordsMax: 100 };

/** One entry of three batches, which begins at 2. */
async function entryOf(storage: Storage, inlineBytesMax: number): Promise<LogEntry> {
  const writer = writerOf(storage, inlineBytesMax);
  await append(writer, ["x", "y"]);
  // What comes while an entry is being put goes into the next one together.
  await Promise.all([["z"], ["a", "b"], ["c"], ["d", "e"]].map((values) => append(writer, values)));
  const entry = await storage.logs.readLast(partitionLogId(name.topicId, name.partition));
  if (entry === undefined) throw new Error("no entry");
  return entry;
}

describe.each([
  ["inline", 16_384],
  ["by reference", 0],
])("a payload %s", (kind, inlineBytesMax) => {
  test("gives the selected batches their true offsets, and changes nothing that is stored", async () => {
    const { storage } = createMemoryStorage();
    const entry = await entryOf(storage, inlineBytesMax);
    expect(entry.payload.kind).toBe(kind === "inline" ? "inline" : "blob");
    for (let round = 0; round < 2; round += 1) {
      const [selection] = selectBatches([entry], 5, limits).selections;
      if (selection === undefined) throw new Error("nothing selected");
      const batches = (await readSelection(storage, selection)) ?? [];
      expect(recordsFrom(batches, 5)).toEqual(["5:c", "6:d", "7:e"]);
      expect(batches.map((batch) => readBatchHeader(batch).leaderEpoch)).toEqual([0, 0]);
    }
  });
});

test("only the bytes of the selected batches are fetched, by one request", async () => {
  const { storage } = createMemoryStorage();
  const entry = await entryOf(storage, 0);
  const counted = countRequests(storage);
  const [selection] = selectBatches([entry], 5, { bytesMax: 1, recordsMax: 1 }).selections;
  if (selection === undefined) throw new Error("nothing selected");
  const batches = await readSelection(counted.storage, selection);
  expect(recordsFrom(batches ?? [])).toEqual(["5:c"]);
  expect(batches?.[0]?.buffer.byteLength).toBe(batches?.[0]?.length);
  expect(counted.counts()).toEqual({ "blobs.get": 1 });
});

test("a blob that is gone is undefined, one that is cut off is reported", async () => {
  const { storage } = createMemoryStorage();
  const entry = await entryOf(storage, 0);
  const [selection] = selectBatches([entry], 3, limits).selections;
  if (selection === undefined || entry.payload.kind !== "blob") throw new Error("nothing selected");
  const blobs = { ...storage.blobs, get: () => Promise.resolve(new Uint8Array(7)) };
  await expect(readSelection({ ...storage, blobs }, selection)).rejects.toThrow(/has 7 of \d+ bytes/);
  await storage.blobs.delete([entry.payload.key]);
  expect(await readSelection(storage, selection)).toBeUndefined();
});
