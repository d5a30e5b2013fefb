import { describe, expect, test } from "vitest";
import { markerPagesMax } from "../../../shared/limits/partition-transactions.ts";
import { partitionLogId } from "../../../shared/log/log-id.ts";
import { raiseLogStart } from "../../../shared/partition/log-start.ts";
import { markerRequest } from "../../../shared/partition/marker-request.ts";
import { PartitionReader } from "../../../shared/partition/partition-reader.ts";
import { sealPartition } from "../../../shared/partition/seal-partition.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { committedFrom, done, Producer } from "./committed-fixture.ts";
import { append, hourMs, minuteMs, name, sealSettings, writerOf } from "./partition-fixture.ts";

const page = { bytesMax: 100_000, recordsMax: 1_000 };
const oneBatch = { bytesMax: 1, recordsMax: 1 };

describe("a committed read", () => {
  test("ends before the oldest open transaction, and leaves out what was aborted", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    const [a, b, c] = [new Producer(1n, writer), new Producer(2n, writer), new Producer(3n, writer)];
    await append(writer, ["plain"]);
    await a.send(["a1", "a2"]);
    await b.send(["b1"]);
    await c.send(["c1"]);
    const reader = new PartitionReader(storage, name);
    expect(await committedFrom(reader, 0)).toMatchObject({ records: ["0:plain"], end: 1, lastStableOffset: 1 });
    expect(await reader.read(2, page, "read_committed")).toMatchObject({
      batches: [],
      nextOffset: 2,
      highWatermark: 5,
    });
    await b.end(false);
    expect(await committedFrom(reader, 0)).toMatchObject({ records: ["0:plain"], end: 1 });
    await a.end(true);
    expect(await committedFrom(reader, 0)).toMatchObject({ records: ["0:plain", "1:a1", "2:a2"], end: 4 });
    await c.end(true);
    expect(await committedFrom(reader, 0)).toMatchObject({
      records: ["0:plain", "1:a1", "2:a2", "4:c1"],
      end: 8,
      lastStableOffset: 8,
    });
    expect(await reader.lastStableOffset()).toBe(8);
  });

  test.each(["hot", "sealed", "sealed, and no longer hot"])(
    "finds markers far behind the page, where all is %s",
    async (where) => {
      const { storage, time } = createMemoryStorage();
      const writer = writerOf(storage);
      const [long, short] = [new Producer(1n, writer), new Producer(2n, writer)];
      await long.send(["undone"]);
      for (let round = 0; round < 30; round += 1) {
        await short.send([`s${round}`]);
        await short.end(round % 2 === 0);
        if (where !== "hot" && round % 5 === 0) await sealPartition(storage, name, sealSettings, { forced: true });
      }
      await long.end(false);
      if (where !== "hot") await sealPartition(storage, name, sealSettings, { forced: true });
      if (where === "sealed, and no longer hot") await time.advance(100 * hourMs);
      const expected = Array.from({ length: 15 }, (_, index) => `${index * 4 + 1}:s${index * 2}`);
      for (const limits of [page, oneBatch]) {
        const reader = new PartitionReader(storage, name);
        expect(await committedFrom(reader, 0, limits)).toMatchObject({ records: expected, end: 62 });
        expect(await committedFrom(reader, 0, limits)).toMatchObject({ records: expected, end: 62 });
      }
    },
  );

  test("from inside of a transaction knows where that began", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    const one = new Producer(1n, writer);
    for (let batch = 0; batch < 5; batch += 1) await one.send([`${batch}`]);
    await one.end(false);
    const read = await new PartitionReader(storage, name).read(3, oneBatch, "read_committed");
    expect(read).toMatchObject({ aborted: [{ producerId: 1n, firstOffset: 0, lastOffset: 5 }], nextOffset: 4 });
  });

  test("begins at a start of the log inside of a transaction that is open", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    const one = new Producer(1n, writer);
    await one.send(["0", "1"]);
    await one.send(["2"]);
    await raiseLogStart(storage, name, 2);
    const reader = new PartitionReader(storage, name);
    expect(await reader.read(2, page, "read_committed")).toMatchObject({
      batches: [],
      nextOffset: 2,
      lastStableOffset: 2,
      highWatermark: 3,
    });
    await one.end(true);
    expect(await committedFrom(reader, 2)).toMatchObject({ records: ["2:2"], end: 4 });
  });
});

describe("the last stable offset", () => {
  test("of a log whose hot entries are gone is that of the last segment", async () => {
    const { storage, time } = createMemoryStorage();
    const writer = writerOf(storage);
    await append(writer, ["plain"]);
    await new Producer(1n, writer).send(["open"]);
    await sealPartition(storage, name, sealSettings, { forced: true });
    await time.advance(100 * hourMs);
    expect(await storage.logs.readLast(partitionLogId(name.topicId, name.partition))).toBeUndefined();
    const reader = new PartitionReader(storage, name);
    expect(await reader.lastStableOffset()).toBe(1);
    expect(await reader.highWatermark()).toBe(2);
  });

  test("is known to a cold writer that goes on after it, so that the transaction can be ended", async () => {
    for (const expired of [false, true]) {
      const { storage, time } = createMemoryStorage();
      const one = new Producer(1n, writerOf(storage));
      await one.send(["a"]);
      if (expired) {
        await sealPartition(storage, name, sealSettings, { forced: true });
        await time.advance(100 * hourMs);
      }
      const cold = writerOf(storage);
      await append(cold, ["plain"]);
      const reader = new PartitionReader(storage, name);
      expect(await reader.lastStableOffset()).toBe(0);
      await done(cold, markerRequest({ producerId: 1n, producerEpoch: 1, commit: true }, 2_000));
      expect(await committedFrom(reader, 0)).toMatchObject({ records: ["0:a", "1:plain"], end: 3 });
    }
  });
});

describe("the requests of a committed read", () => {
  async function counted(storage: Storage, act: (reader: PartitionReader) => Promise<unknown>) {
    const { storage: watched, counts, reset } = countRequests(storage);
    const reader = new PartitionReader(watched, name);
    await act(reader);
    reset();
    await act(reader);
    return counts();
  }

  test("are one query at the tail, with or without transactions, also where one is open", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage);
    const one = new Producer(1n, writer);
    await append(writer, ["plain"]);
    const oneQuery = { "logs.readFrom": 1 };
    expect(await counted(storage, (reader) => reader.read(1, page, "read_committed"))).toEqual(oneQuery);
    expect(await counted(storage, (reader) => reader.read(0, page, "read_committed"))).toEqual(oneQuery);
    await one.send(["a"]);
    expect(await counted(storage, (reader) => reader.read(1, page, "read_committed"))).toEqual(oneQuery);
    await one.end(false);
    expect(await counted(storage, (reader) => reader.read(0, page, "read_committed"))).toEqual(oneQuery);
    expect(await counted(storage, (reader) => reader.read(3, page, "read_committed"))).toEqual(oneQuery);
  });

  test("are one ranged get in a segment whose transactions ended in it", async () => {
    const { storage, time } = createMemoryStorage();
    const one = new Producer(1n, writerOf(storage));
    await one.send(["a"]);
    await one.end(false);
    await one.send(["b"]);
    await one.end(true);
    await sealPartition(storage, name, sealSettings, { forced: true });
    await time.advance(25 * minuteMs);
    await append(writerOf(storage), ["later"]);
    expect(await counted(storage, (reader) => reader.read(0, page, "read_committed"))).toEqual({ "blobs.get": 1 });
  });

  test("are bounded where a marker is far away and something can be served before its transaction", async () => {
    const { storage } = createMemoryStorage();
    const writer = writerOf(storage, 350_000);
    await append(writer, ["plain"]);
    const [long, short] = [new Producer(1n, writer), new Producer(2n, writer)];
    await long.send(["far"]);
    for (let round = 0; round < 3 * markerPagesMax * 4; round += 1) await append(writer, ["x".repeat(300_000)]);
    await short.end(true);
    await long.end(true);
    const { storage: watched, counts } = countRequests(storage);
    const reader = new PartitionReader(watched, name);
    const limits = { bytesMax: 200, recordsMax: 5 };
    const read = await reader.read(0, limits, "read_committed");
    expect(read).toMatchObject({ kind: "batches", nextOffset: 1 });
    expect(counts()["logs.readFrom"]).toBeLessThanOrEqual(markerPagesMax + 1);
    // The next one has nothing else to serve, and looks on from where that ended.
    expect(await reader.read(1, limits, "read_committed")).toMatchObject({ kind: "batches", nextOffset: 2 });
  });
});
