import { describe, expect, test } from "vitest";
import { compress } from "../../../shared/compression/compression.ts";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { readBatchHeader } from "../../../shared/record/record-batch.ts";
import { encodeMarker } from "../../../shared/record/transaction-marker.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { markerWriter } from "../../../shared/services/marker-writer.ts";
import { PartitionRegistry } from "../../../shared/services/partition-registry.ts";
import type { FetchRequest, Isolation, ProduceRecord, Services } from "../../../shared/services/services.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";

const namespace = "default";
const transactionalId = "payments";
const topic = { namespace, topic: "orders", partition: 0 } as const;

async function started(storage: Storage = createMemoryStorage().storage) {
  const services = createServices(storage);
  const { topicId } = await services.topics.create(namespace, { name: "orders" });
  const producer = await services.transactions.init({ namespace, transactionalId });
  return { services, producer, topicId };
}

function records(...values: string[]): ProduceRecord[] {
  return values.map((value) => ({ key: null, value: new TextEncoder().encode(value), headers: [] }));
}

function fetching(offset: number, isolation: Isolation, rest: Partial<FetchRequest> = {}): FetchRequest {
  return { ...topic, offset, isolation, maxBytes: 1_000_000, maxRecords: 1_000, minBytes: 1, waitMs: 0, ...rest };
}

async function valuesOf({ fetch }: Services, isolation: Isolation, rest: Partial<FetchRequest> = {}) {
  const fetched = await fetch.fetchRecords(fetching(0, isolation, rest));
  const values = fetched.records.map(({ value }) => new TextDecoder().decode(value ?? new Uint8Array()));
  return { values, nextOffset: fetched.nextOffset, lastStableOffset: fetched.lastStableOffset };
}

describe("a transaction through the services", () => {
  test("shows its records with the commit, and never those of one that was aborted", async () => {
    const { services, producer } = await started();
    const { transactions, produce, fetch } = services;
    const add = (who: typeof producer) =>
      transactions.addPartitions({
        ...who,
        namespace,
        transactionalId,
        partitions: [{ topic: "orders", partitions: [0] }],
      });
    const send = (who: typeof producer, ...values: string[]) =>
      produce.produceRecords({
        ...topic,
        transactionalId,
        producer: { ...who, baseSequence: 0 },
        records: records(...values),
      });
    await add(producer);
    expect(await send(producer, "undone")).toMatchObject({ baseOffset: 0 });
    await produce.produceRecords({ ...topic, records: records("plain") });
    const open = { values: [], nextOffset: 0, lastStableOffset: 0 };
    expect(await valuesOf(services, "read_committed")).toEqual(open);
    expect(await valuesOf(services, "read_uncommitted")).toMatchObject({ values: ["undone", "plain"], nextOffset: 2 });

    const second = await transactions.end({ ...producer, namespace, transactionalId, commit: false });
    expect(await valuesOf(services, "read_committed")).toEqual({
      values: ["plain"],
      nextOffset: 3,
      lastStableOffset: 3,
    });
    expect(await valuesOf(services, "read_uncommitted")).toMatchObject({ values: ["undone", "plain"], nextOffset: 3 });

    await add(second);
    await send(second, "done", "too");
    expect(await fetch.listOffset(namespace, "orders", 0, { at: "latest" })).toMatchObject({ offset: 5 });
    const committedEnd = await fetch.listOffset(namespace, "orders", 0, { at: "latest" }, "read_committed");
    expect(committedEnd).toMatchObject({ offset: 3 });
    await transactions.end({ ...second, namespace, transactionalId, commit: true });
    expect(await valuesOf(services, "read_committed")).toMatchObject({
      values: ["plain", "done", "too"],
      nextOffset: 6,
    });
    // A page of which nothing is left still says where to go on.
    expect(await valuesOf(services, "read_committed", { maxRecords: 1 })).toMatchObject({ values: [], nextOffset: 1 });

    const { batches, aborted } = await fetch.fetchBatches(fetching(0, "read_committed"));
    expect(batches.map((batch) => readBatchHeader(batch).isControl)).toEqual([false, false, true, false, true]);
    expect(aborted).toEqual([{ producerId: producer.producerId, firstOffset: 0, lastOffset: 2 }]);
  });

  test("wakes a committed fetch that waits for its end", async () => {
    const memory = createMemoryStorage();
    const { services, producer } = await started(memory.storage);
    const { transactions, produce } = services;
    const who = { ...producer, namespace, transactionalId };
    await transactions.addPartitions({ ...who, partitions: [{ topic: "orders", partitions: [0] }] });
    await produce.produceRecords({
      ...topic,
      transactionalId,
      producer: { ...producer, baseSequence: 0 },
      records: records("late"),
    });
    const waiting = valuesOf(services, "read_committed", { waitMs: 10_000 });
    await memory.time.advance(3_000);
    await transactions.end({ ...who, commit: true });
    await memory.time.advance(1_100);
    expect(await waiting).toMatchObject({ values: ["late"], nextOffset: 2 });
  });

  test.each([
    ["a transactional batch without a transactional id", "INVALID_TXN_STATE", true, undefined],
    ["a plain batch under a transactional id", "INVALID_TXN_STATE", false, transactionalId],
    ["a batch of a partition that is not in the transaction", "INVALID_TXN_STATE", true, transactionalId],
  ])("refuses %s", async (_, error, isTransactional, id) => {
    const { services, producer } = await started();
    const bytes = encodeBatch({ records: records("a"), isTransactional, ...producer, baseSequence: 0 }, compress);
    const given = id === undefined ? {} : { transactionalId: id };
    await expect(services.produce.produceBatches({ ...topic, bytes, ...given })).rejects.toMatchObject({ code: error });
    expect(await services.fetch.listOffset(namespace, "orders", 0, { at: "latest" })).toMatchObject({ offset: 0 });
  });

  test("refuses records under an id that no transaction can have", async () => {
    const { services, producer } = await started();
    const batch = { records: records("a").map((record) => ({ ...record, timestamp: 1 })), isTransactional: true };
    const bytes = encodeBatch({ ...batch, ...producer, baseSequence: 0, compressionType: "none" }, compress);
    for (const wrong of ["", "\u0001", "x".repeat(250)]) {
      const produced = services.produce.produceBatches({ ...topic, bytes, transactionalId: wrong });
      await expect(produced).rejects.toMatchObject({ code: "BAD_ARGUMENTS" });
    }
  });

  test("refuses markers of clients, and records of a transaction without a producer", async () => {
    const { services, producer } = await started();
    const bytes = encodeMarker({ ...producer, commit: true }, 1_000);
    await expect(services.produce.produceBatches({ ...topic, transactionalId, bytes })).rejects.toMatchObject({
      code: "INVALID_RECORD",
    });
    const without = services.produce.produceRecords({ ...topic, transactionalId, records: records("a") });
    await expect(without).rejects.toMatchObject({ code: "INVALID_RECORD" });
  });
});

describe("a writer of markers", () => {
  test("needs one put, none for a repeat, and tells what comes too late", async () => {
    const { storage } = createMemoryStorage();
    const counted = countRequests(storage);
    const markers = markerWriter(counted.storage, new PartitionRegistry(counted.storage));
    const marker = { topicId: "t", partition: 0, producerId: 7n, producerEpoch: 3, commit: true };
    await markers.write(marker);
    counted.reset();
    await markers.write({ ...marker, producerEpoch: 4 });
    expect(counted.counts()).toEqual({ "logs.putIfAbsent": 1 });
    counted.reset();
    await markers.write({ ...marker, producerEpoch: 4 });
    await markers.write(marker);
    expect(counted.counts()).toEqual({});
  });
});
