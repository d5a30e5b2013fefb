import { describe, expect, test } from "vitest";
import { checkpointEntriesMax, entryBatchesMax } from "../../shared/limits.ts";
import { PartitionReader } from "../../shared/partition/partition-reader.ts";
import { partitionWriter, type PartitionWriter } from "../../shared/partition/partition-writer.ts";
import type { AppendRequest } from "../../shared/partition/plan-append.ts";
import { sealPartition } from "../../shared/partition/seal-partition.ts";
import { countRequests } from "../../shared/storage/count-requests.ts";
import { createMemoryStorage, type MemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import type { RequestName } from "../../shared/storage/request-name.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { topicSettings } from "../../shared/topics/topic-config.ts";
import { batchOf, LongLog } from "./long-log.ts";

type Counts = Partial<Record<RequestName, number>>;

const inlineBytesMax = 16_384;
const small = batchOf(100);
const large = batchOf(20_000);
const page = { bytesMax: 1_000_000, recordsMax: 500 };
const oneRecord = { bytesMax: 1, recordsMax: 1 };
const producers = 1_000;
/** A reader that finds an entry older than this looks for its segment. */
const likelySealedMs = 25 * 60_000;
/** Nothing that is hot is there any more. */
const expiredMs = 60 * 3_600_000;
const sealedCold: Counts = {
  "items.get": 1,
  "logs.readFrom": 1,
  "logs.readAt": 1,
  "blobs.get": 1,
  "logs.readLast": 1,
};
const expiredCold: Counts = { ...sealedCold, "logs.readAt": 2, "logs.readLast": 2 };
const name = { topicId: "measured", partition: 0 };

/** What something costs that a process does for the first time, and what it costs when it does it again. */
interface Costs {
  readonly cold: Counts;
  readonly warm: Counts;
}

async function costsOf<Process>(
  memory: MemoryStorage,
  start: (storage: Storage) => Process,
  act: (process: Process) => Promise<unknown>,
): Promise<Costs> {
  const counted = countRequests(memory.storage);
  const process = start(counted.storage);
  await act(process);
  const cold = counted.counts();
  counted.reset();
  await act(process);
  return { cold, warm: counted.counts() };
}

function newWriter(storage: Storage): PartitionWriter {
  return partitionWriter(storage, name, () => inlineBytesMax);
}

function newReader(storage: Storage): PartitionReader {
  return new PartitionReader(storage, name);
}

async function append(writer: PartitionWriter, request: AppendRequest): Promise<void> {
  const answer = await writer.append(request);
  if (answer.kind !== "done" || answer.result.duplicate) throw new Error(`not appended: ${JSON.stringify(answer)}`);
}

async function read(reader: PartitionReader, offset: number, limits: typeof page, records: number): Promise<void> {
  const answer = await reader.read(offset, limits);
  const found = answer.kind === "batches" ? answer.nextOffset - offset : -1;
  if (found !== records) throw new Error(`${found} records at ${offset}, not ${records}`);
}

/** The life of a log with that many entries: hot, with 1,000 producers, sealed, and days later. */
async function measure(entries: number) {
  const memory = createMemoryStorage();
  const log = new LongLog(memory, name);
  const produce = (request: () => AppendRequest): Promise<Costs> =>
    costsOf(memory, newWriter, async (writer) => {
      log.follow();
      await append(writer, request());
    });
  const fetch = (offset: number, records: number, limits = page): Promise<Costs> =>
    costsOf(memory, newReader, (reader) => read(reader, offset, limits, records));
  const fetchAtTail = async (): Promise<Costs> => {
    log.follow();
    return await fetch(log.end, 0);
  };
  const sealAll = async (): Promise<void> => {
    await sealPartition(memory.storage, name, topicSettings({}), { forced: true });
    log.follow();
  };

  log.grow(entries);
  const hot = {
    produceInline: await produce(() => small),
    fetchInline: await fetch(entries + 1, 1),
    produceByReference: await produce(() => large),
    fetchByReference: await fetch(entries + 3, 1),
    fetchAtTail: await fetchAtTail(),
    fetchFirst: await fetch(0, 1, oneRecord),
  };
  log.follow();
  log.grow(2 * producers, producers);
  const withProducers = { produceInline: await produce(() => log.nextOf(7n)), fetchAtTail: await fetchAtTail() };

  await sealAll();
  await memory.time.advance(likelySealedMs);
  log.grow(3);
  const sealed = {
    produceInline: await produce(() => small),
    fetchFirst: await fetch(0, 1, oneRecord),
    fetchMiddle: await fetch(Math.floor(entries / 2), 1, oneRecord),
    fetchAtTail: await fetchAtTail(),
  };
  await sealAll();
  await memory.time.advance(expiredMs);
  const expired = {
    fetchFirst: await fetch(0, 1, oneRecord),
    fetchMiddle: await fetch(Math.floor(entries / 2), 1, oneRecord),
    fetchAtTail: await fetchAtTail(),
    produceInline: await produce(() => small),
  };
  return { hot, withProducers, sealed, expired };
}

describe("the requests of one operation", () => {
  /** Of the table of DESIGN section 9: what a warm process pays. A cold one pays more once, and never more than this. */
  const designed: Awaited<ReturnType<typeof measure>> = {
    hot: {
      produceInline: { cold: { "logs.readLast": 1, "logs.putIfAbsent": 1 }, warm: { "logs.putIfAbsent": 1 } },
      fetchInline: { cold: { "items.get": 1, "logs.readFrom": 1 }, warm: { "logs.readFrom": 1 } },
      produceByReference: {
        cold: { "logs.readLast": 1, "blobs.put": 1, "logs.putIfAbsent": 1 },
        warm: { "blobs.put": 1, "logs.putIfAbsent": 1 },
      },
      fetchByReference: {
        cold: { "items.get": 1, "logs.readFrom": 1, "blobs.get": 1 },
        warm: { "logs.readFrom": 1, "blobs.get": 1 },
      },
      fetchAtTail: { cold: { "items.get": 1, "logs.readFrom": 1, "logs.readAt": 1 }, warm: { "logs.readFrom": 1 } },
      fetchFirst: { cold: { "items.get": 1, "logs.readFrom": 1, "logs.readLast": 1 }, warm: { "logs.readFrom": 1 } },
    },
    withProducers: {
      produceInline: {
        cold: { "logs.readLast": 1, "blobs.get": 1, "logs.readFrom": 1, "logs.putIfAbsent": 1 },
        warm: { "logs.putIfAbsent": 1 },
      },
      fetchAtTail: { cold: { "items.get": 1, "logs.readFrom": 1, "logs.readAt": 1 }, warm: { "logs.readFrom": 1 } },
    },
    sealed: {
      produceInline: {
        cold: { "logs.readLast": 1, "blobs.get": 1, "logs.readFrom": 1, "logs.putIfAbsent": 1 },
        warm: { "logs.putIfAbsent": 1 },
      },
      fetchFirst: { cold: sealedCold, warm: { "blobs.get": 1 } },
      fetchMiddle: { cold: sealedCold, warm: { "blobs.get": 1 } },
      fetchAtTail: { cold: { "items.get": 1, "logs.readFrom": 1, "logs.readAt": 1 }, warm: { "logs.readFrom": 1 } },
    },
    expired: {
      fetchFirst: { cold: expiredCold, warm: { "blobs.get": 1 } },
      fetchMiddle: { cold: expiredCold, warm: { "blobs.get": 1 } },
      fetchAtTail: {
        cold: { "items.get": 1, "logs.readFrom": 1, "logs.readAt": 2, "logs.readLast": 2 },
        warm: { "logs.readFrom": 1 },
      },
      produceInline: {
        cold: { "logs.readLast": 2, "logs.readFrom": 1, "logs.putIfAbsent": 1 },
        warm: { "logs.putIfAbsent": 1 },
      },
    },
  };

  test.each([1, 1_000, 100_000])("are as designed on a log of %i entries", { timeout: 90_000 }, async (entries) => {
    expect(await measure(entries)).toEqual(designed);
  });

  test.each([
    { producers: 1, where: "in the last entry", cold: { "logs.readLast": 1, "logs.putIfAbsent": 1 } },
    {
      producers: 40,
      where: "some entries back",
      cold: { "logs.readLast": 1, "logs.readFrom": 1, "logs.putIfAbsent": 1 },
    },
    {
      producers: 3_000,
      where: "in a blob",
      cold: { "logs.readLast": 1, "blobs.get": 1, "logs.readFrom": 1, "logs.putIfAbsent": 1 },
    },
  ])("a cold process finds the state of $producers producers $where", async ({ producers, cold }) => {
    const memory = createMemoryStorage();
    const log = new LongLog(memory, name);
    for (const entries of [producers * 2, 1_000, 2_000]) {
      log.grow(entries, producers);
      const costs = await costsOf(memory, newWriter, async (writer) => {
        log.follow();
        await append(writer, log.nextOf(0n));
      });
      log.follow();
      expect(costs).toEqual({ cold, warm: { "logs.putIfAbsent": 1 } });
    }
  });

  test("a table too large for an entry is stored once in 128 entries, beside them", async () => {
    const memory = createMemoryStorage();
    const log = new LongLog(memory, name);
    log.grow(2 * producers, producers);
    const counted = countRequests(memory.storage);
    const writer = newWriter(counted.storage);
    await writer.catchUp();
    counted.reset();
    const appends = 4 * checkpointEntriesMax;
    for (let index = 0; index < appends; index += 1) {
      await append(writer, log.nextOf(BigInt(index % producers)));
      log.follow();
    }
    const { "logs.putIfAbsent": puts, "blobs.put": tables = 0, ...others } = counted.counts();
    expect({ puts, others }).toEqual({ puts: appends, others: {} });
    expect(tables).toBeGreaterThanOrEqual(6);
    expect(tables).toBeLessThanOrEqual(9);
  });

  test("a reader of sealed segments pays one ranged get for a page, and one query when it comes to a segment", async () => {
    const memory = createMemoryStorage();
    const log = new LongLog(memory, name);
    log.grow(400);
    const { segments, sealedEnd } = await sealPartition(
      memory.storage,
      name,
      { ...topicSettings({}), segmentBytes: 4_000 },
      { forced: true },
    );
    expect(segments).toBeGreaterThan(5);
    await memory.time.advance(expiredMs);
    const counted = countRequests(memory.storage);
    const reader = newReader(counted.storage);
    await read(reader, 0, oneRecord, 1);
    let queries = 0;
    let offset = 0;
    for (let pages = 0; offset < sealedEnd && pages < 400; pages += 1) {
      counted.reset();
      const answer = await reader.read(offset, { bytesMax: 1_000, recordsMax: 7 });
      if (answer.kind !== "batches") throw new Error(answer.kind);
      offset = answer.nextOffset;
      const { "blobs.get": gets, "logs.readAt": readAt = 0, ...others } = counted.counts();
      expect({ gets, others }).toEqual({ gets: 1, others: {} });
      expect(readAt).toBeLessThanOrEqual(1);
      queries += readAt;
    }
    expect({ offset, queries }).toEqual({ offset: sealedEnd, queries: segments - 1 });
  });

  test("a reader at the tail pays one query for a look, and every 5 s one more for where the log starts", async () => {
    const memory = createMemoryStorage();
    const log = new LongLog(memory, name);
    log.grow(10);
    const counted = countRequests(memory.storage);
    const reader = newReader(counted.storage);
    await read(reader, log.end, page, 0);
    counted.reset();
    const looks = 120;
    for (let look = 0; look < looks; look += 1) {
      await memory.time.advance(500);
      await read(reader, log.end, page, 0);
    }
    expect(counted.counts()).toEqual({ "logs.readFrom": looks, "items.get": Math.floor(looks / 11) });
  });

  test("a reader that is behind asks once in a second where the end is", async () => {
    const memory = createMemoryStorage();
    const log = new LongLog(memory, name);
    log.grow(200);
    const counted = countRequests(memory.storage);
    const reader = newReader(counted.storage);
    await read(reader, 0, oneRecord, 1);
    counted.reset();
    for (let offset = 1; offset <= 40; offset += 1) {
      await memory.time.advance(100);
      await read(reader, offset, oneRecord, 1);
    }
    expect(counted.counts()).toEqual({ "logs.readFrom": 40, "logs.readLast": 3 });
  });

  test("appends that come together are put together", async () => {
    const memory = createMemoryStorage();
    const counted = countRequests(memory.storage);
    const writer = newWriter(counted.storage);
    await append(writer, small);
    counted.reset();
    const appends = 1_000;
    const answers = await Promise.all(Array.from({ length: appends }, () => writer.append(small)));
    expect(new Set(answers.map((answer) => (answer.kind === "done" ? answer.result.baseOffset : -1))).size).toBe(
      appends,
    );
    expect(counted.counts()).toEqual({ "logs.putIfAbsent": Math.ceil(appends / entryBatchesMax), "blobs.put": 2 });
  });
});
