import { describe, expect, test } from "vitest";
import { compress } from "../../../shared/compression/compression.ts";
import { partitionLogId, segmentsLogId } from "../../../shared/log/log-id.ts";
import { collectPartition } from "../../../shared/partition/collect-partition.ts";
import { findSealDueMs } from "../../../shared/partition/seal-due.ts";
import { sealPartition } from "../../../shared/partition/seal-partition.ts";
import { segmentBlobKeys, segmentFileKeys } from "../../../shared/partition/segment-blobs.ts";
import { decodeSegmentDescriptor, type SegmentDescriptor } from "../../../shared/partition/segment-descriptor.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { readBatchHeader } from "../../../shared/record/record-batch.ts";
import { splitBatches } from "../../../shared/record/validate-batch.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { SimulatedStore } from "../../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import {
  append,
  blobsOf,
  hourMs,
  minuteMs,
  name,
  numbered,
  readAll,
  recordsFrom,
  requestOf,
  sealSettings,
  writerOf,
} from "./partition-fixture.ts";

async function segmentsOf(storage: Storage): Promise<SegmentDescriptor[]> {
  const logId = segmentsLogId(name.topicId, name.partition);
  const { entries } = await storage.logs.readFrom(logId, 0, { entriesMax: 1_000, bytesMax: 10_000_000 });
  return entries.map((entry) => decodeSegmentDescriptor(entry));
}

async function logOf(storage: Storage, segment: SegmentDescriptor): Promise<Uint8Array> {
  const [key = ""] = segmentFileKeys(name, segment);
  const bytes = await storage.blobs.get(key);
  if (bytes === undefined) throw new Error(`no ${key}`);
  return bytes;
}

function batchesOf(log: Uint8Array): Uint8Array[] {
  return splitBatches(log, 100_000).ranges.map(({ start, end }) => log.subarray(start, end));
}

const shortLived = {
  lifetimes: { hotEntryMs: 2 * hourMs, graceMs: hourMs, tailEvidenceMsMax: minuteMs },
  delays: { expiryLateMsMax: hourMs },
};

/** Values of about `bytes` each. */
function values(count: number, bytes = 20): string[] {
  return Array.from({ length: count }, (_, index) => `${index}-`.padEnd(bytes, "x"));
}

describe("a sealed segment", () => {
  test("holds every batch of its entries, inline and by reference, with its true offset and leader epoch 0", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage, 200);
    const all = values(40, 60);
    for (let at = 0; at < 40; at += 4) {
      const compressionType = at % 8 === 0 ? "gzip" : "none";
      await append(writer, all.slice(at, at + 4), { compressionType, timestamp: at });
    }
    expect((await blobsOf(storage, "hot/")).length).toBeGreaterThan(0);
    expect(await sealPartition(storage, name, sealSettings, { forced: true })).toEqual({ segments: 1, sealedEnd: 40 });
    const [segment, ...others] = await segmentsOf(storage);
    expect(others).toEqual([]);
    expect(segment).toMatchObject({ baseOffset: 0, endOffset: 40, entries: 10, maxTimestamp: 36 });
    if (segment === undefined) return;
    const log = await logOf(storage, segment);
    expect(segment.sizeBytes).toBe(log.length);
    const batches = batchesOf(log);
    expect(batches.map((batch) => readBatchHeader(batch).baseOffset)).toEqual([0, 4, 8, 12, 16, 20, 24, 28, 32, 36]);
    expect(new Set(batches.map((batch) => readBatchHeader(batch).leaderEpoch))).toEqual(new Set([0]));
    expect(recordsFrom(batches)).toEqual(numbered(all));
  });

  test("gives a batch the largest timestamp of its records where its producer wrote another, as Kafka does", async () => {
    const { storage } = createMemoryStorage();
    await append(writerOf(storage), ["a"], { timestamp: 5_000, claimedMaxTimestamp: 7 });
    await sealPartition(storage, name, sealSettings, { forced: true });
    const [segment] = await segmentsOf(storage);
    expect(segment?.maxTimestamp).toBe(5_000);
    const [batch = new Uint8Array()] = batchesOf(await logOf(storage, segment as SegmentDescriptor));
    expect(readBatchHeader(batch).maxTimestamp).toBe(5_000);
    expect(await readAll(storage)).toEqual(["0:a"]);
  });

  test("ends before its offsets are too many for Kafka's indexes", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    // As compaction leaves them: few records, many offsets.
    const lastOffsetDelta = 999_999_999;
    const input = { records: [{ key: null, value: new Uint8Array(5_000), timestamp: 1 }], lastOffsetDelta };
    const bytes = encodeBatch(input, compress);
    const batch = { start: 0, length: bytes.length, recordCount: lastOffsetDelta + 1, maxTimestamp: 1 };
    for (let count = 0; count < 5; count += 1) await writer.append({ bytes, batches: [batch] });
    const result = await sealPartition(storage, name, { ...sealSettings, segmentBytes: 1_000_000 }, { forced: true });
    expect(result).toEqual({ segments: 3, sealedEnd: 5_000_000_000 });
    const segments = await segmentsOf(storage);
    expect(segments.map(({ baseOffset }) => baseOffset)).toEqual([0, 2_000_000_000, 4_000_000_000]);
  });

  test("carries a large state of producers in a blob of its own, from which a cold writer goes on", async () => {
    const { storage, time } = createMemoryStorage(shortLived);
    const writer = writerOf(storage);
    const producer = (id: number) => ({ producer: { producerId: BigInt(id), producerEpoch: 0, baseSequence: 0 } });
    for (const first of [0, 1_500]) {
      await Promise.all(Array.from({ length: 1_500 }, (_, index) => append(writer, ["a"], producer(first + index))));
    }
    await sealPartition(storage, name, sealSettings, { forced: true });
    const segment = (await segmentsOf(storage)).at(-1);
    const states = (await blobsOf(storage, "segments/")).filter(({ key }) => key.endsWith(".state"));
    expect(states.map(({ key }) => key)).toEqual([segmentBlobKeys(name, segment as SegmentDescriptor)[3]]);
    await time.advance(10 * hourMs);
    expect(await storage.logs.readLast(partitionLogId(name.topicId, name.partition))).toBeUndefined();
    const cold = writerOf(storage);
    expect(await cold.append(requestOf(["a"], producer(1_234)))).toMatchObject({ result: { duplicate: true } });
    expect(await append(cold, ["b"])).toBe(3_000);
    await sealPartition(storage, name, sealSettings, { forced: true });
    expect((await segmentsOf(storage)).at(-1)).toMatchObject({ baseOffset: 3_000, endOffset: 3_001 });
  });
});

describe("a cold writer, when everything hot has expired", () => {
  test("knows the tail, the producers and the fence from the last segment", async () => {
    const { storage, time } = createMemoryStorage(shortLived);
    const writer = writerOf(storage);
    const identity = { producer: { producerId: 7n, producerEpoch: 3, baseSequence: 0 } };
    await append(writer, ["a", "b"], identity);
    await writer.append({ ...requestOf(["c"]), fencingToken: 12 });
    await sealPartition(storage, name, sealSettings, { forced: true });
    await time.advance(10 * hourMs);
    expect((await storage.logs.readLast(segmentsLogId(name.topicId, name.partition)))?.next).toBe(3);
    const cold = writerOf(storage);
    expect(await cold.append(requestOf(["a", "b"], identity))).toMatchObject({
      kind: "done",
      result: { baseOffset: 0, duplicate: true },
    });
    expect(await cold.append({ ...requestOf(["d"]), fencingToken: 11 })).toMatchObject({
      kind: "refused",
      refusal: { code: "FENCED", fencingToken: 12 },
    });
    expect(await append(cold, ["d"])).toBe(3);
    expect(await readAll(storage)).toEqual(["0:a", "1:b", "2:c", "3:d"]);
  });
});

describe("sealing is due", () => {
  test("for nothing that is young and small; the sealer asks to be woken when the first entry is old enough", async () => {
    const { storage, store, time } = createMemoryStorage();
    const woken: number[] = [];
    store.onWake((duty) => {
      if (duty.kind === "seal") woken.push(time.nowMs);
    });
    await append(writerOf(storage), ["a"]);
    await time.advance(4 * minuteMs);
    const startedMs = time.nowMs;
    expect(await sealPartition(storage, name, sealSettings)).toEqual({ segments: 0, sealedEnd: 0 });
    await time.advance(7 * minuteMs);
    expect(woken.some((atMs) => Math.abs(atMs - startedMs - 6 * minuteMs) < 2_000)).toBe(true);
    expect(await sealPartition(storage, name, sealSettings)).toEqual({ segments: 1, sealedEnd: 1 });
    expect(await sealPartition(storage, name, sealSettings)).toEqual({ segments: 0, sealedEnd: 1 });
  });

  test("for what is full, segment by segment; the rest stays until it is old", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    for (let count = 0; count < 25; count += 1) await append(writer, values(1, 10_000));
    const result = await sealPartition(storage, name, sealSettings);
    expect(result).toEqual({ segments: 2, sealedEnd: 20 });
    for (const { sizeBytes } of await segmentsOf(storage)) expect(sizeBytes).toBeGreaterThan(100_000);
    expect(await findSealDueMs(storage, name, sealSettings)).toBeGreaterThan(0);
  });

  test("tells so from a few entries, however many there are", async () => {
    const { storage } = createMemoryStorage();
    expect(await findSealDueMs(storage, name, sealSettings)).toBeUndefined();
    const writer = writerOf(storage);
    for (let count = 0; count < 9; count += 1) await append(writer, values(1, 10_000));
    expect(await findSealDueMs(storage, name, sealSettings)).toBe(10 * minuteMs);
    await append(writer, values(1, 10_000));
    expect(await findSealDueMs(storage, name, sealSettings)).toBe(0);
  });
});

describe("several sealers", () => {
  test("beside several writers: each segment is one sealer's, nothing is left out, and what losers stored is collected", async () => {
    for (let seed = 0; seed < 15; seed += 1) {
      const store = new SimulatedStore({ seed, dropsExpiredEntries: seed % 2 === 0 });
      const { storage } = store.process();
      await store.time.run(async () => {
        const sealers = Array.from({ length: 3 }, async () => {
          const own = store.process().storage;
          let added = 0;
          for (let round = 0; round < 5; round += 1) {
            await own.timers.sleep(store.random.below(40));
            added += (await sealPartition(own, name, sealSettings, { forced: true })).segments;
          }
          return added;
        });
        const writers = Array.from({ length: 3 }, async (_, index) => {
          const writer = writerOf(store.process().storage, index * 40);
          const offsets: number[] = [];
          for (let count = 0; count < 12; count += 1) offsets.push(await append(writer, [`${index}/${count}`]));
          return offsets;
        });
        const offsets = (await Promise.all(writers)).flat();
        expect(offsets.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 36 }, (_, index) => index));
        const added = (await Promise.all(sealers)).reduce((sum, count) => sum + count, 0);
        const last = await sealPartition(storage, name, sealSettings, { forced: true });
        const segments = await segmentsOf(storage);
        expect(segments, `seed ${seed}`).toHaveLength(added + last.segments);
        let end = 0;
        for (const segment of segments) {
          expect(segment.baseOffset).toBe(end);
          end = segment.endOffset;
        }
        expect(end).toBe(36);
        const stored = (await blobsOf(storage, "segments/")).length;
        expect(stored).toBeGreaterThan(3 * segments.length);
        await storage.timers.sleep(3 * hourMs);
        await collectPartition(storage, name);
        const kept = (await blobsOf(storage, "segments/")).map(({ key }) => key);
        const expected = segments.flatMap((segment) => segmentFileKeys(name, segment));
        expect(kept).toEqual(expected.toSorted());
        expect(new Set(await readAll(storage))).toHaveLength(36);
      });
    }
  });
});

describe("damage", () => {
  test("of a payload stops the sealer before it adds anything", async () => {
    const { storage } = createMemoryStorage();
    await append(writerOf(storage, 0), ["a"]);
    const damaged: Storage = {
      ...storage,
      blobs: {
        ...storage.blobs,
        get: async (key, range) => {
          const bytes = await storage.blobs.get(key, range);
          if (bytes !== undefined) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
          return bytes;
        },
      },
    };
    const sealing = sealPartition(damaged, name, sealSettings, { forced: true });
    await expect(sealing).rejects.toThrow(/damaged: CRC/);
    expect(await segmentsOf(storage)).toEqual([]);
  });

  test("of the chain, an entry that is gone and that no segment holds, is reported and not passed over", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    await append(writer, ["a"]);
    await append(writer, ["b"]);
    await storage.logs.trim(partitionLogId(name.topicId, 0), 1, 1);
    await expect(sealPartition(storage, name, sealSettings, { forced: true })).rejects.toThrow(/hole at 0/);
    expect(await segmentsOf(storage)).toEqual([]);
  });
});
