/** What a transaction would lose: records under a key that an aborted one had, markers of topics that a process knows otherwise. */
import { expect, test } from "vitest";
import { createServices } from "../../../shared/services/create-services.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { refusal } from "./topic-process.ts";

const namespace = "default";
const transactionalId = "payments";

test("ends a transaction in a topic that its process took for one that is not there", async () => {
  const { store } = createMemoryStorage();
  const one = createServices(store.process().storage);
  const other = createServices(store.process().storage);
  await one.topics.create(namespace, { name: "first" });
  await other.topics.describe(namespace, "first");
  const place = { namespace, topic: "orders", partition: 0 };
  await refusal(other.fetch.listOffset(namespace, "orders", 0, { at: "latest" }), "UNKNOWN_TOPIC_OR_PARTITION");
  await one.topics.create(namespace, { name: "orders" });
  const producer = await one.transactions.init({ namespace, transactionalId });
  const who = { ...producer, namespace, transactionalId };
  await one.transactions.addPartitions({ ...who, partitions: [{ topic: "orders", partitions: [0] }] });
  const records = [{ key: null, value: new Uint8Array([1]), headers: [] }];
  await one.produce.produceRecords({ ...place, transactionalId, producer: { ...producer, baseSequence: 0 }, records });
  await other.transactions.end({ ...who, commit: true });
  const end = await one.fetch.listOffset(namespace, "orders", 0, { at: "latest" }, "read_committed");
  expect(end).toMatchObject({ offset: 2 });
});

test("writes again what was aborted, also under the same Idempotency-Key", async () => {
  const { storage } = createMemoryStorage();
  const { topics, transactions, produce, fetch } = createServices(storage);
  await topics.create(namespace, { name: "orders" });
  const place = { namespace, topic: "orders", partition: 0 };
  const records = [{ key: null, value: new Uint8Array([1]), headers: [] }];
  let producer = await transactions.init({ namespace, transactionalId });
  for (const commit of [false, true]) {
    const who = { ...producer, namespace, transactionalId };
    await transactions.addPartitions({ ...who, partitions: [{ topic: "orders", partitions: [0] }] });
    const write = { ...place, transactionalId, records, idempotencyKey: "once" };
    const written = await produce.produceRecords({ ...write, producer: { ...producer, baseSequence: 0 } });
    // A repeat is known by its sequence.
    expect(await produce.produceRecords({ ...write, producer: { ...producer, baseSequence: 0 } })).toEqual(written);
    producer = await transactions.end({ ...who, commit });
  }
  const read = { ...place, offset: 0, maxBytes: 1_000, maxRecords: 10, minBytes: 1, waitMs: 0 };
  expect((await fetch.fetchRecords({ ...read, isolation: "read_committed" })).records.length).toBe(1);
});
