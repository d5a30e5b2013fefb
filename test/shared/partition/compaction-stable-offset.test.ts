/** What readers of committed records see of a log that is compacted while transactions are open. */
import { expect, test } from "vitest";
import { compress } from "../../../shared/compression/compression.ts";
import { markerRequest } from "../../../shared/partition/marker-request.ts";
import { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import type { PartitionWriter } from "../../../shared/partition/partition-writer.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { appendKeyed, compact, keyedFrom, seal } from "./compaction-fixture.ts";
import { name, writerOf } from "./partition-fixture.ts";

const text = new TextEncoder();

interface Part {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence?: number;
}

/** One record of a transaction, as the log knows it. */
async function write(writer: PartitionWriter, part: Part, key: string, value: string): Promise<void> {
  const producer = { baseSequence: 0, ...part };
  const records = [{ key: text.encode(key), value: text.encode(value), timestamp: 1_000 }];
  const bytes = encodeBatch({ records, compressionType: "none", ...producer, isTransactional: true }, compress);
  const batch = { start: 0, length: bytes.length, recordCount: 1, maxTimestamp: 1_000, producer } as const;
  const result = await writer.append({ bytes, batches: [{ ...batch, transaction: { kind: "data" } }] });
  expect(result.kind).toBe("done");
}

async function end(writer: PartitionWriter, { producerId, producerEpoch }: Part, commit: boolean): Promise<void> {
  const marker = { producerId, producerEpoch: producerEpoch + 1, commit };
  expect((await writer.append(markerRequest(marker, 1_000))).kind).toBe("done");
}

/** The last value of each key, as a reader of committed records finds it from the start of the log on. */
async function lastValues(storage: Storage): Promise<ReadonlyMap<string, string>> {
  const reader = new PartitionReader(storage, name);
  const stable = await reader.lastStableOffset();
  const values = new Map<string, string>();
  for (let at = 0; at < stable;) {
    const read = await reader.read(at, { bytesMax: 50_000, recordsMax: 1_000 }, "read_committed");
    if (read.kind !== "batches" || read.nextOffset <= at) throw new Error(`nothing at ${at} of ${stable}`);
    expect(read.aborted).toEqual([]);
    for (const record of keyedFrom(read.batches)) {
      const [key, value] = record.slice(record.indexOf(":") + 1).split("=");
      if (key !== undefined && value !== undefined) values.set(key, value);
    }
    at = read.nextOffset;
  }
  return values;
}

test("a record that an open transaction hides does not take the place of one that is seen", async () => {
  const { storage } = createMemoryStorage();
  const writer = writerOf(storage);
  await appendKeyed(writer, [["a", "1"]]);
  await write(writer, { producerId: 1n, producerEpoch: 0 }, "b", "1");
  await appendKeyed(writer, [["a", "2"]]);
  await write(writer, { producerId: 2n, producerEpoch: 0 }, "a", "3");
  await end(writer, { producerId: 2n, producerEpoch: 0 }, true);
  await seal(storage);
  expect(await lastValues(storage)).toEqual(new Map([["a", "1"]]));
  expect(await compact(storage)).toMatchObject({ cleanedTo: 1 });
  expect(await lastValues(storage)).toEqual(new Map([["a", "1"]]));
  await end(writer, { producerId: 1n, producerEpoch: 0 }, true);
  await seal(storage);
  expect(await compact(storage)).toMatchObject({ cleanedTo: 6 });
  expect(await lastValues(storage)).toEqual(
    new Map([
      ["b", "1"],
      ["a", "3"],
    ]),
  );
});

test("a tombstone that an open transaction hides takes nothing away, however often the log is compacted", async () => {
  const { storage, time } = createMemoryStorage();
  const writer = writerOf(storage);
  await appendKeyed(writer, [["a", "1"]]);
  await appendKeyed(writer, [["gone", null]]);
  await write(writer, { producerId: 1n, producerEpoch: 0 }, "b", "1");
  await appendKeyed(writer, [["a", null]]);
  await seal(storage);
  // The second run has nothing to do but to take away the tombstone whose time is over.
  for (let run = 0; run < 2; run += 1) {
    await compact(storage, { deleteRetentionMs: 1_000 });
    expect((await lastValues(storage)).get("a")).toBe("1");
    await time.advance(2_000);
  }
});

test("a transaction whose marker stands behind one that is open counts in the run that cleans it", async () => {
  const { storage } = createMemoryStorage();
  const writer = writerOf(storage);
  await appendKeyed(writer, [["a", "1"]]);
  await write(writer, { producerId: 1n, producerEpoch: 0 }, "a", "2");
  await write(writer, { producerId: 3n, producerEpoch: 0 }, "a", "aborted");
  await write(writer, { producerId: 2n, producerEpoch: 0 }, "b", "open");
  await end(writer, { producerId: 1n, producerEpoch: 0 }, true);
  await end(writer, { producerId: 3n, producerEpoch: 0 }, false);
  await seal(storage);
  expect(await compact(storage)).toMatchObject({ cleanedTo: 3 });
  expect(await lastValues(storage)).toEqual(new Map([["a", "2"]]));
});

test("a batch for whose keys there was no room replaces nothing", async () => {
  const { storage } = createMemoryStorage();
  const writer = writerOf(storage);
  await appendKeyed(writer, [["a", "1"]]);
  await appendKeyed(writer, [
    ["a", "2"],
    ["b", "1"],
  ]);
  await seal(storage);
  expect(await compact(storage, { bounds: { keysMax: 1 } })).toMatchObject({ cleanedTo: 1, more: true });
  const reader = new PartitionReader(storage, name);
  const read = await reader.read(0, { bytesMax: 10, recordsMax: 1 });
  expect(read.kind === "batches" ? keyedFrom(read.batches) : read).toEqual(["0:a=1"]);
});
