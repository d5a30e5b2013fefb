import { expect, test } from "vitest";
import { encodeBatch } from "../../../shared/record/encode-batch.ts";
import { readBatchHeader } from "../../../shared/record/record-batch.ts";
import { splitBatches } from "../../../shared/record/validate-batch.ts";
import { acceptBatches, asBatches, batchOf, orders, records, startWithTopic } from "../start-functions.ts";

const transactionalId = "payments";

/** A topic, and a transaction in its first partition. */
async function startWithTransaction() {
  const functions = await startWithTopic(1);
  const { transactions } = functions.services;
  const who = { namespace: "default", transactionalId };
  const producer = await transactions.init(who);
  await transactions.addPartitions({ ...who, ...producer, partitions: [{ topic: "orders", partitions: [0] }] });
  const end = (commit: boolean) => transactions.end({ ...who, ...producer, commit });
  return { ...functions, producer, end };
}

test("records of a transaction are taken as JSON and as batches, and shown when it is committed", async () => {
  const { send, producer, end } = await startWithTransaction();
  const identity = { producerId: producer.producerId.toString(), producerEpoch: producer.producerEpoch };
  const body = JSON.stringify({ records: [{ value: "json" }], ...identity, baseSequence: 0, transactionalId });
  expect((await send(`POST ${records}`, { body })).status).toBe(200);
  const input = { records: [{ key: null, value: Buffer.from("batch") }], ...producer, baseSequence: 1 };
  const batch = encodeBatch({ ...input, isTransactional: true }, (_, bytes) => bytes);
  const sent = { body: batch, headers: asBatches };
  expect((await send(`POST ${records}`, sent)).json).toMatchObject({ error: "INVALID_TXN_STATE" });
  expect((await send(`POST ${records}?transactionalId=${transactionalId}`, sent)).status).toBe(200);

  const isolated = `${records}?offset=0&isolation=read_committed`;
  const open = { records: [], nextOffset: 0, lastStableOffset: 0, highWatermark: 2 };
  expect((await send(`GET ${isolated}`)).json).toMatchObject(open);
  await end(true);
  expect((await send(`GET ${isolated}`)).json).toMatchObject({
    records: [{ value: "json" }, { value: "batch" }],
    nextOffset: 3,
    lastStableOffset: 3,
  });
});

test("binary answers leave out what was aborted, and the markers, where committed records are asked for", async () => {
  const { send, producer, end, services } = await startWithTransaction();
  await services.produce.produceRecords({
    namespace: "default",
    topic: "orders",
    partition: 0,
    transactionalId,
    producer: { ...producer, baseSequence: 0 },
    records: [{ key: null, value: Buffer.from("undone"), headers: [] }],
  });
  await send(`POST ${records}`, { body: batchOf("plain"), headers: asBatches });
  const latest = `GET ${orders}/partitions/0/offsets?at=latest`;
  expect((await send(`${latest}&isolation=read_committed`)).json).toMatchObject({ offset: 0 });
  expect((await send(latest)).json).toMatchObject({ offset: 2 });
  await end(false);
  const offsetsOf = async (isolation: string): Promise<{ offsets: number[]; next: string | undefined }> => {
    const { raw, headers } = await send(`GET ${records}?offset=0&isolation=${isolation}`, { headers: acceptBatches });
    const { ranges } = splitBatches(raw, 10);
    const offsets = ranges.map(({ start }) => readBatchHeader(raw, start).baseOffset);
    return { offsets, next: headers["x-streamkeeper-next-offset"] };
  };
  expect(await offsetsOf("read_uncommitted")).toEqual({ offsets: [0, 1, 2], next: "3" });
  expect(await offsetsOf("read_committed")).toEqual({ offsets: [1], next: "3" });
});
