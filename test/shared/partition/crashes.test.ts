import { describe, expect, test } from "vitest";
import { partitionLogId, segmentsLogId } from "../../../shared/log/log-id.ts";
import { collectPartition } from "../../../shared/partition/collect-partition.ts";
import { readLogStart } from "../../../shared/partition/log-start.ts";
import { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import { retainPartition } from "../../../shared/partition/retain-partition.ts";
import { sealPartition } from "../../../shared/partition/seal-partition.ts";
import { segmentBlobKeys } from "../../../shared/partition/segment-blobs.ts";
import { decodeSegmentDescriptor } from "../../../shared/partition/segment-descriptor.ts";
import { truncatePartition } from "../../../shared/partition/truncate-partition.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { dyingProcess } from "./dying-process.ts";
import { append, blobsOf, hourMs, name, numbered, readAll, sealSettings, writerOf } from "./partition-fixture.ts";

const values = Array.from({ length: 24 }, (_, index) => `value ${index}`.padEnd(index % 2 === 0 ? 10 : 300, "."));

/** A partition with 24 records, some in blobs: two thirds of them sealed, in four segments. */
async function partition(dropsExpiredEntries: boolean): Promise<MemoryStorage> {
  const memory = createMemoryStorage({ dropsExpiredEntries });
  const { storage } = memory;
  const writer = writerOf(storage, 200);
  for (let at = 0; at < values.length; at += 2) {
    await append(writer, values.slice(at, at + 1));
    await append(writer, values.slice(at + 1, at + 2));
    if (at % 4 === 2 && at < 16) await sealPartition(storage, name, sealSettings, { forced: true });
  }
  return memory;
}

interface Duty {
  readonly title: string;
  /** What has to be so before. */
  readonly prepare: (memory: MemoryStorage) => Promise<void>;
  readonly run: (storage: Storage) => Promise<unknown>;
}

const duties: readonly Duty[] = [
  {
    title: "sealing",
    prepare: () => Promise.resolve(),
    run: (storage) => sealPartition(storage, name, sealSettings, { forced: true }),
  },
  {
    title: "truncating",
    prepare: () => Promise.resolve(),
    run: (storage) => truncatePartition(storage, name, new PartitionReader(storage, name), 9),
  },
  {
    title: "retention",
    prepare: async ({ time }) => time.advance(hourMs),
    run: (storage) => retainPartition(storage, name, { retentionMs: hourMs / 2, retentionBytes: 400 }),
  },
  {
    title: "collecting",
    prepare: async ({ storage, time }) => {
      await storage.blobs.put("segments/topic/0/00000000000000000004-orphan.log", [new Uint8Array(3)]);
      await storage.blobs.put("hot/topic/0/orphan", [new Uint8Array(3)]);
      await sealPartition(storage, name, sealSettings, { forced: true });
      await retainPartition(storage, name, { retentionMs: undefined, retentionBytes: 1_000 });
      await time.advance(30 * hourMs);
    },
    run: (storage) => collectPartition(storage, name),
  },
];

/** Every record from the start of the log on is there, a cold writer goes on, and in time nothing is left over. */
async function expectWhole(memory: MemoryStorage, hint: string): Promise<void> {
  const { storage, time } = memory;
  const start = await readLogStart(storage, name);
  expect(await readAll(storage, start), hint).toEqual(numbered(values.slice(start), start));
  expect(await append(writerOf(storage), ["next"]), hint).toBe(values.length);
  await sealPartition(storage, name, sealSettings, { forced: true });
  for (let round = 0; round < 4; round += 1) {
    await time.advance(30 * hourMs);
    await collectPartition(storage, name);
  }
  expect(await readAll(storage, start), hint).toEqual(numbered([...values.slice(start), "next"], start));
  const list = segmentsLogId(name.topicId, name.partition);
  const { entries } = await storage.logs.readFrom(list, 0, { entriesMax: 100, bytesMax: 1_000_000 });
  for (const [index, entry] of entries.entries()) {
    if (index > 0) expect(entry.position, hint).toBe(entries[index - 1]?.next);
    expect(entry.next, hint).toBeGreaterThan(start);
  }
  const files = entries.flatMap((entry) => segmentBlobKeys(name, decodeSegmentDescriptor(entry)).slice(0, 3));
  expect(
    (await blobsOf(storage)).map(({ key }) => key),
    hint,
  ).toEqual(files.toSorted());
  const hot = await storage.logs.readLast(partitionLogId(name.topicId, name.partition));
  expect(hot, hint).toBeUndefined();
}

describe.each([
  ["trimmed by the collector", false],
  ["dropped by the store", true],
] as const)("where hot entries are %s", (_, dropsExpiredEntries) => {
  test.each(duties)(
    "a process that dies at any request of $title loses nothing, and the next run ends its work",
    async ({ prepare, run }) => {
      for (const when of ["before", "after"] as const) {
        let ended = false;
        let request = 0;
        for (; !ended; request += 1) {
          const memory = await partition(dropsExpiredEntries);
          await prepare(memory);
          const { storage, died } = dyingProcess(memory.storage, request, when);
          ended = (await Promise.race([run(storage).then(() => "ended"), died])) === "ended";
          const hint = `died ${when} request ${request}`;
          const start = await readLogStart(memory.storage, name);
          expect(await readAll(memory.storage, start), hint).toEqual(numbered(values.slice(start), start));
          await run(memory.storage);
          await expectWhole(memory, hint);
          await memory.close();
        }
        expect(request).toBeGreaterThan(2);
      }
    },
  );
});
