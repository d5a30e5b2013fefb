import { expect, test } from "vitest";
import { collectPartition } from "../../../shared/partition/collect-partition.ts";
import { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import { sealPartition } from "../../../shared/partition/seal-partition.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { appendKeyed, compact, type Keyed, keyedBatch, keyedFrom, readBatches } from "./compaction-fixture.ts";
import { blobsOf, hourMs, name, writerOf } from "./partition-fixture.ts";

const keys = 10_000;
const batchRecords = 100;
/** `.ci/run` asks for a million: about 12 s, most of it to append. */
const updates = Number(process.env["COMPACTION_UPDATES"] ?? 100_000);

async function storedBytes(storage: Storage): Promise<number> {
  let bytes = 0;
  for (const { sizeBytes } of await blobsOf(storage)) bytes += sizeBytes;
  return bytes;
}

/** What batches of as many records need, if there is nothing but them. */
function neededBytes(live: ReadonlyMap<string, string>): number {
  const records = [...live];
  let bytes = 0;
  for (let at = 0; at < records.length; at += batchRecords) {
    bytes += keyedBatch(records.slice(at, at + batchRecords)).length;
  }
  return bytes;
}

test(
  `of ${updates} updates of ${keys} keys the last value of each is left, in less than 1.5 times the room it needs`,
  { timeout: 120_000 },
  async () => {
    const { storage, time } = createMemoryStorage({ dropsExpiredEntries: false });
    const writer = writerOf(storage, 0);
    const live = new Map<string, string>();
    const reader = new PartitionReader(storage, name);
    const compactions: Promise<unknown>[] = [];
    let state = 1;
    let batch: Keyed[] = [];
    for (let update = 1; update <= updates; update += 1) {
      state = (state * 48_271) % 2_147_483_647;
      const key = `key-${state % keys}`;
      const value = `value ${update} `.padEnd(100, "x");
      live.set(key, value);
      batch.push([key, value]);
      if (batch.length === batchRecords) {
        await appendKeyed(writer, batch);
        batch = [];
      }
      // Writers and readers go on while a part of it is compacted.
      if (update % (updates / 4) !== 0) continue;
      await sealPartition(storage, name, { segmentBytes: 4_000_000, segmentMs: 600_000 }, { forced: true });
      compactions.push(compact(storage, { segmentBytes: 1_000_000 }));
      await reader.read(Math.floor(update / 2), { bytesMax: 100_000, recordsMax: 1_000 });
    }
    await Promise.all(compactions);
    for (let run = 0; run < 16; run += 1) {
      await sealPartition(storage, name, { segmentBytes: 4_000_000, segmentMs: 600_000 }, { forced: true });
    }
    await compact(storage, { segmentBytes: 1_000_000 });
    // The reader knows of it within 5 s.
    await time.advance(6_000);

    const found = keyedFrom(await readBatches(storage, 0, reader, 1_000_000));
    const values = found.map((record) => record.slice(record.indexOf(":") + 1).split("="));
    expect(found).toHaveLength(live.size);
    expect(new Map(values.map(([key = "", value = ""]) => [key, value]))).toEqual(live);

    for (let round = 0; round < 4; round += 1) {
      await time.advance(3 * hourMs);
      await collectPartition(storage, name, { pagesMax: 1_000 });
    }
    expect((await blobsOf(storage)).length).toBeLessThan(20);
    expect((await storedBytes(storage)) / neededBytes(live)).toBeLessThan(1.5);
    expect(keyedFrom(await readBatches(storage, 0, reader, 1_000_000))).toEqual(found);
  },
);
