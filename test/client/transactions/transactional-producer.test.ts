import { describe, expect, test } from "vitest";
import { ProducerFencedError, TransactionFailedError, TransactionStateError } from "../../../client/index.ts";
import { answer, hangUp, refuse } from "../scripted-server.ts";
import { ScriptedCoordinator } from "./scripted-coordinator.ts";

const transactionalId = "pay";
const records = (partition: number, count = 1) =>
  Array.from({ length: count }, (_, index) => ({ value: `${partition}-${index}`, partition }));

describe("a transaction", () => {
  test("tells the service of all new partitions at once, before anything is written to them", async () => {
    await using service = await ScriptedCoordinator.start();
    await using producer = service.client.transactionalProducer({ transactionalId, transactionTimeoutMs: 9_000 });
    const transaction = await producer.begin();
    const written = await transaction.sendBatch([
      { topic: "t", records: [...records(0, 2), ...records(2)] },
      { topic: "u", records: records(1) },
    ]);
    await transaction.send({ topic: "t", records: records(0) });
    await transaction.sendOffsets({ group: "g", offsets: [{ topic: "s", partition: 0, offset: 5 }] });
    await transaction.commit();
    expect(service.names).toEqual(["init", "add", "produce", "produce", "produce", "produce", "offsets", "commit"]);
    expect(service.of("init")[0]?.body).toEqual({ transactionalId, timeoutMs: 9_000 });
    expect(service.of("add")[0]?.body["partitions"]).toEqual([
      { topic: "t", partitions: [0, 2] },
      { topic: "u", partitions: [1] },
    ]);
    expect(written.map(({ topic, partition }) => `${topic}-${partition}`)).toEqual(["t-0", "t-0", "t-2", "u-1"]);
    expect(written[1]?.offset).toBe((written[0]?.offset ?? 0) + 1);
  });

  test("numbers the batches of each partition from 0, under the epoch that the transaction before left", async () => {
    await using service = await ScriptedCoordinator.start();
    await using producer = service.client.transactionalProducer({ transactionalId });
    for (let round = 0; round < 2; round += 1) {
      await producer.run(async (transaction) => {
        await transaction.send({ topic: "t", records: records(0, 3) });
        await transaction.send({ topic: "t", records: records(0, 2) });
      });
    }
    const headers = service.of("produce").map(({ header }) => header);
    expect(headers.map((header) => header?.baseSequence)).toEqual([0, 3, 0, 3]);
    expect(headers.map((header) => header?.producerEpoch)).toEqual([1, 1, 2, 2]);
    expect(headers.every((header) => header?.isTransactional)).toBe(true);
    expect(service.of("produce").every(({ url }) => url.includes("transactionalId=pay"))).toBe(true);
    expect(service.of("init")).toHaveLength(1);
  });

  test("waits with its commit for what is still on its way", async () => {
    await using service = await ScriptedCoordinator.start();
    await using producer = service.client.transactionalProducer({ transactionalId });
    const transaction = await producer.begin();
    const sent = transaction.send({ topic: "t", records: records(0) });
    await transaction.commit();
    await sent;
    expect(service.names.slice(-2)).toEqual(["produce", "commit"]);
  });

  test("splits what is too large for a batch", async () => {
    await using service = await ScriptedCoordinator.start();
    await using producer = service.client.transactionalProducer({ transactionalId, batchBytes: 300 });
    await producer.run((transaction) => transaction.send({ topic: "t", records: records(0, 20) }));
    const counts = service.of("produce").map(({ header }) => header?.recordsCount ?? 0);
    expect(counts.length).toBeGreaterThan(1);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20);
  });

  test("that is open keeps the next one from beginning, and one that has ended takes nothing more", async () => {
    await using service = await ScriptedCoordinator.start();
    await using producer = service.client.transactionalProducer({ transactionalId });
    const transaction = await producer.begin();
    await expect(producer.begin()).rejects.toThrow(TransactionStateError);
    await transaction.abort();
    await expect(transaction.send({ topic: "t", records: records(0) })).rejects.toThrow(TransactionStateError);
    await expect(transaction.commit()).rejects.toThrow(TransactionStateError);
    await (await producer.begin()).commit();
  });
});

describe("a failure", () => {
  test("of a batch leaves only the abort", async () => {
    await using service = await ScriptedCoordinator.start((name) =>
      name === "produce" ? refuse(413, "MESSAGE_TOO_LARGE") : undefined,
    );
    await using producer = service.client.transactionalProducer({ transactionalId });
    const transaction = await producer.begin();
    await expect(transaction.send({ topic: "t", records: records(0) })).rejects.toMatchObject({
      name: "MESSAGE_TOO_LARGE",
    });
    await expect(transaction.commit()).rejects.toThrow(TransactionFailedError);
    await transaction.abort();
    expect(service.names).toEqual(["init", "add", "produce", "abort"]);
  });

  test("that may pass is waited out with the same bytes", async () => {
    await using service = await ScriptedCoordinator.start((name, index) => {
      if (name === "produce" && index === 0) return hangUp;
      if (name === "add" && index === 0) return refuse(409, "CONCURRENT_TRANSACTIONS", { retriable: true });
      return name === "commit" && index < 2 ? hangUp : undefined;
    });
    await using producer = service.client.transactionalProducer({ transactionalId });
    await producer.run((transaction) => transaction.send({ topic: "t", records: records(0) }));
    expect(service.names).toEqual(["init", "add", "add", "produce", "produce", "commit", "commit", "commit"]);
    const [first, second] = service.of("produce");
    expect(first?.header).toEqual(second?.header);
  });

  test("of the work aborts the transaction, and is what the caller hears", async () => {
    await using service = await ScriptedCoordinator.start();
    await using producer = service.client.transactionalProducer({ transactionalId });
    const work = producer.run(async (transaction) => {
      await transaction.send({ topic: "t", records: records(0) });
      throw new RangeError("of the work");
    });
    await expect(work).rejects.toThrow("of the work");
    expect(service.names.at(-1)).toBe("abort");
  });

  test("of an end whose answer does not come makes the next one take over anew", async () => {
    await using service = await ScriptedCoordinator.start((name, index) =>
      name === "commit" && index === 0 ? refuse(400, "INVALID_REQUEST") : undefined,
    );
    await using producer = service.client.transactionalProducer({ transactionalId });
    await expect(producer.run(() => Promise.resolve())).rejects.toMatchObject({ name: "INVALID_REQUEST" });
    await producer.run(() => Promise.resolve());
    expect(service.of("init")).toHaveLength(2);
  });

  test.each(["PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH", "INVALID_PRODUCER_ID_MAPPING"])(
    "by %s ends the producer: another one has its transactional id",
    async (error) => {
      await using service = await ScriptedCoordinator.start((name) =>
        name === "add" ? refuse(409, error) : undefined,
      );
      await using producer = service.client.transactionalProducer({ transactionalId });
      const transaction = await producer.begin();
      await expect(transaction.send({ topic: "t", records: records(0) })).rejects.toThrow(ProducerFencedError);
      await expect(transaction.commit()).rejects.toThrow(ProducerFencedError);
      await transaction.abort();
      await expect(producer.begin()).rejects.toThrow(ProducerFencedError);
      expect(service.names).toEqual(["init", "add"]);
    },
  );

  test("of a record that cannot be encoded is told before anything is sent, and harms nothing", async () => {
    await using service = await ScriptedCoordinator.start();
    await using producer = service.client.transactionalProducer({ transactionalId });
    const transaction = await producer.begin();
    const bad = { value: "v", partition: -1 };
    await expect(transaction.send({ topic: "t", records: [bad] })).rejects.toThrow(RangeError);
    await transaction.commit();
    expect(service.names).toEqual(["init", "commit"]);
  });
});

test("closing aborts what is open, and lets nothing begin", async () => {
  await using service = await ScriptedCoordinator.start();
  const producer = service.client.transactionalProducer({ transactionalId });
  await producer.begin();
  await producer.close();
  expect(service.names).toEqual(["init", "abort"]);
  await expect(producer.begin()).rejects.toThrow(TransactionStateError);
});

test("a signal that aborts ends what waits", async () => {
  await using service = await ScriptedCoordinator.start((name) =>
    name === "add"
      ? answer(503, { error: "KAFKA_STORAGE_ERROR", message: "", retriable: true, details: {} })
      : undefined,
  );
  const controller = new AbortController();
  const producer = service.client.transactionalProducer({ transactionalId, signal: controller.signal });
  const transaction = await producer.begin();
  const sent = transaction.send({ topic: "t", records: records(0) });
  setTimeout(() => controller.abort(), 50);
  await expect(sent).rejects.toThrow();
});
