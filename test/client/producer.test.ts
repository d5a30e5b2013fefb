import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { DeliveryError, ProducerClosedError, ProducerFatalError } from "../../client/index.ts";
import type { RecordMetadata } from "../../client/index.ts";
import { partitionForKey } from "../../shared/record/murmur2.ts";
import { ScriptedTopic } from "./scripted-topic.ts";
import { answer, hangUp, never, refuse } from "./scripted-server.ts";

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

describe("an acknowledgement", () => {
  test("says where the record stands", async () => {
    await using topic = await ScriptedTopic.start({ partitions: 3 });
    await using producer = topic.client.producer({ topic: "t" });
    const first = await producer.send({ key: "k", value: "a", timestamp: 5 });
    const second = await producer.send({ key: "k", value: "b", timestamp: 6 });
    const partition = partitionForKey(Buffer.from("k"), 3);
    expect(first).toEqual({ partition, offset: 0, timestamp: 5 });
    expect(second).toEqual({ partition, offset: 1, timestamp: 6 });
  });

  test("has the log's time where the topic wants that", async () => {
    await using topic = await ScriptedTopic.start({ config: { "message.timestamp.type": "LogAppendTime" } });
    await using producer = topic.client.producer({ topic: "t" });
    await expect(producer.send({ value: "a", timestamp: 5 })).resolves.toMatchObject({ timestamp: 123 });
  });

  test("comes for keys, headers and nulls as they were given", async () => {
    await using topic = await ScriptedTopic.start();
    await using producer = topic.client.producer({ topic: "t", compressionType: "gzip" });
    await producer.send({ key: Uint8Array.of(1), value: null, headers: [{ key: "h", value: null }] });
    expect(topic.batches[0]).toMatchObject({ keys: ["\u0001"], header: { compressionType: "gzip" } });
  });
});

describe("batching", () => {
  test("joins records that come within the linger", async () => {
    await using topic = await ScriptedTopic.start();
    await using producer = topic.client.producer({ topic: "t", lingerMs: 60 });
    await producer.send({ value: "first" });
    const acks = numbers(5).map(async (value) => {
      await sleep(Number(value) * 4);
      return producer.send({ value });
    });
    await Promise.all(acks);
    expect(topic.batches.map((batch) => batch.values.length)).toEqual([1, 5]);
  });

  test("does not wait for a batch that is full, and gives a large record a batch of its own", async () => {
    await using topic = await ScriptedTopic.start();
    await using producer = topic.client.producer({ topic: "t", lingerMs: 60_000, batchBytes: 300 });
    const acks = [...numbers(12), "x".repeat(2_000)].map((value) => producer.send({ value }));
    await Promise.all(acks.slice(0, 9));
    expect(topic.batches[0]?.values).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
    await producer.flush();
    const sizes = topic.batches.map((batch) => batch.values.length);
    expect(sizes).toEqual([7, 5, 1]);
  });

  test("keeps below the topic's own largest batch", async () => {
    await using topic = await ScriptedTopic.start({ config: { "max.message.bytes": "400" } });
    await using producer = topic.client.producer({ topic: "t", batchBytes: 100_000 });
    await Promise.all(numbers(50).map((value) => producer.send({ value })));
    expect(topic.batches.length).toBeGreaterThan(3);
    for (const batch of topic.batches) expect(batch.bytes.length).toBeLessThanOrEqual(400);
  });

  test("fills the next batch while one is on its way", async () => {
    await using topic = await ScriptedTopic.start({ answerAfterMs: 250 });
    await using producer = topic.client.producer({ topic: "t", lingerMs: 0 });
    const first = producer.send({ value: "first" });
    await sleep(30);
    const rest = numbers(20).map(async (value) => {
      await sleep(Number(value) % 3);
      return producer.send({ value });
    });
    await Promise.all([first, ...rest]);
    expect(topic.batches.map((batch) => batch.values.length)).toEqual([1, 20]);
  });

  test("keeps records without a key together, and changes the partition with each batch", async () => {
    await using topic = await ScriptedTopic.start({ partitions: 8 });
    await using producer = topic.client.producer({ topic: "t", batchBytes: 500 });
    await Promise.all(numbers(200).map((value) => producer.send({ value })));
    const partitions = topic.batches.map((batch) => batch.partition);
    expect(topic.batches.length).toBeLessThan(20);
    expect(new Set(partitions).size).toBeGreaterThan(2);
  });

  test("takes the partition that the caller chose", async () => {
    await using topic = await ScriptedTopic.start({ partitions: 4 });
    await using producer = topic.client.producer({ topic: "t" });
    const acks = await Promise.all([3, 1, 3].map((partition) => producer.send({ key: "k", value: "v", partition })));
    expect(acks.map((ack) => [ack.partition, ack.offset])).toEqual([
      [3, 0],
      [1, 0],
      [3, 1],
    ]);
  });
});

describe("order", () => {
  test("of a partition is kept with one request at a time, through failures and retries", async () => {
    const unavailable = refuse(503, "KAFKA_STORAGE_ERROR", { retriable: true });
    const steps = [undefined, unavailable, hangUp, undefined, unavailable];
    const produce = (index: number) => (index < 12 ? steps[index % steps.length] : undefined);
    await using topic = await ScriptedTopic.start({ produce, answerAfterMs: 2 });
    await using producer = topic.client.producer({ topic: "t", batchBytes: 400, lingerMs: 0 });
    const acks = await Promise.all(numbers(100).map((value) => producer.send({ value })));
    expect(acks.map((ack) => ack.offset)).toEqual(numbers(100).map(Number));
    expect(topic.inFlightMax).toBe(1);
    const acknowledged = topic.batches.filter((_, index) => produce(index) === undefined);
    expect(acknowledged.flatMap((batch) => batch.values)).toEqual(numbers(100));
  });

  test("is guarded by sequences that each batch goes on with and each retry repeats", async () => {
    const produce = (index: number) => (index === 1 || index === 2 ? hangUp : undefined);
    await using topic = await ScriptedTopic.start({ produce });
    await using producer = topic.client.producer({ topic: "t", batchBytes: 400 });
    await Promise.all(numbers(20).map((value) => producer.send({ value })));
    const sequences = topic.batches.map(({ header }) => [header.baseSequence, header.recordsCount]);
    expect(sequences).toEqual([
      [0, 10],
      [10, 10],
      [10, 10],
      [10, 10],
    ]);
    expect(topic.batches[1]?.bytes.equals(topic.batches[3]?.bytes ?? Buffer.of())).toBe(true);
    expect(topic.batches[0]?.header).toMatchObject({ producerId: 77n, producerEpoch: 0 });
    expect(topic.producers).toBe(1);
    expect(topic.batches[0]?.idempotencyKey).toBeUndefined();
  });

  test("has its own sequences in each partition", async () => {
    await using topic = await ScriptedTopic.start({ partitions: 2 });
    await using producer = topic.client.producer({ topic: "t" });
    for (const partition of [0, 1, 1, 0]) await producer.send({ value: "v", partition });
    const seen = topic.batches.map(({ partition, header }) => [partition, header.baseSequence]);
    expect(seen).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ]);
  });
});

describe("a failure", () => {
  test("that is certain fails its batch alone, and its sequence is used by the next", async () => {
    const produce = (index: number) => (index === 1 ? refuse(413, "MESSAGE_TOO_LARGE") : undefined);
    await using topic = await ScriptedTopic.start({ produce });
    await using producer = topic.client.producer({ topic: "t", lingerMs: 0 });
    await producer.send({ value: "a" });
    await expect(producer.send({ value: "b" })).rejects.toMatchObject({ name: "MESSAGE_TOO_LARGE", effect: "none" });
    await expect(producer.send({ value: "c" })).resolves.toMatchObject({ offset: 1 });
    expect(topic.batches.map(({ header }) => header.baseSequence)).toEqual([0, 1, 1]);
  });

  test.each(["OUT_OF_ORDER_SEQUENCE_NUMBER", "INVALID_PRODUCER_EPOCH"])("%s ends the producer", async (code) => {
    const produce = (index: number) => (index === 1 ? refuse(409, code) : undefined);
    await using topic = await ScriptedTopic.start({ produce, partitions: 2, answerAfterMs: 10 });
    const producer = topic.client.producer({ topic: "t", lingerMs: 0 });
    await producer.send({ value: "a", partition: 0 });
    const second = producer.send({ value: "b", partition: 0 });
    const third = producer.send({ value: "c", partition: 0 });
    await expect(second).rejects.toThrow(ProducerFatalError);
    await expect(second).rejects.toThrow(code);
    await expect(third).rejects.toThrow(code);
    await expect(producer.send({ value: "d", partition: 1 })).rejects.toThrow(ProducerFatalError);
    await expect(producer.enqueue({ value: "e" })).rejects.toThrow(ProducerFatalError);
    await expect(producer.close()).rejects.toThrow(ProducerFatalError);
    expect(topic.batches).toHaveLength(2);
    expect(producer.bufferedBytes).toBe(0);
  });

  test("whose outcome stays unknown ends an idempotent producer, for nothing can follow it", async () => {
    await using topic = await ScriptedTopic.start({ produce: () => hangUp });
    const producer = topic.client.producer({ topic: "t", deliveryTimeoutMs: 400 });
    const sent = producer.send({ value: "a" });
    await expect(sent).rejects.toThrow(ProducerFatalError);
    await expect(sent).rejects.toThrow("unknown whether a batch for partition 0 of t was written");
    expect(topic.batches.length).toBeGreaterThan(1);
  });

  test("whose outcome stays unknown is told as such by a producer that is not idempotent, which goes on", async () => {
    let down = true;
    await using topic = await ScriptedTopic.start({ produce: () => (down ? hangUp : undefined) });
    await using producer = topic.client.producer({ topic: "t", deliveryTimeoutMs: 400, idempotent: false });
    const error: unknown = await producer.send({ value: "a" }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ConnectionLostError", effect: "unknown" });
    down = false;
    await expect(producer.send({ value: "b" })).resolves.toMatchObject({ offset: 0 });
    const keys = topic.batches.map((batch) => batch.idempotencyKey);
    expect(keys[0]).toBeDefined();
    expect(keys[1]).toBe(keys[0]);
    expect(keys.at(-1)).not.toBe(keys[0]);
    expect(topic.batches[0]?.header.producerId).toBe(-1n);
    expect(topic.producers).toBe(0);
  });

  test("of a topic that is not there is told at once, and forgotten once it is", async () => {
    await using topic = await ScriptedTopic.start();
    const serve = topic.serve;
    const unknown = refuse(404, "UNKNOWN_TOPIC_OR_PARTITION", { retriable: true });
    let there = false;
    Object.assign(topic, {
      serve: (...[response, request]: Parameters<typeof serve>) => (there ? serve : unknown)(response, request),
    });
    await using producer = topic.client.producer({ topic: "t" });
    await expect(producer.send({ value: "a" })).rejects.toMatchObject({ name: "UNKNOWN_TOPIC_OR_PARTITION" });
    there = true;
    await expect(producer.send({ value: "a" })).resolves.toMatchObject({ offset: 0 });
  });

  test("of records that were enqueued comes out of flush, once", async () => {
    const produce = (index: number) => (index === 0 ? refuse(413, "MESSAGE_TOO_LARGE") : undefined);
    await using topic = await ScriptedTopic.start({ produce });
    await using producer = topic.client.producer({ topic: "t" });
    for (const value of numbers(3)) await producer.enqueue({ value });
    const flushed: unknown = await producer.flush().catch((reason: unknown) => reason);
    expect(flushed).toBeInstanceOf(DeliveryError);
    expect(flushed).toMatchObject({ failedRecords: 3, message: expect.stringContaining("MESSAGE_TOO_LARGE") });
    await producer.enqueue({ value: "later" });
    await expect(producer.flush()).resolves.toBeUndefined();
  });

  test("of one record's form does not harm the others", async () => {
    await using topic = await ScriptedTopic.start();
    await using producer = topic.client.producer({ topic: "t", maxBufferedBytes: 1_000 });
    await expect(producer.send({ value: "v", partition: -1 })).rejects.toThrow("partition -1");
    await expect(producer.send({ value: "v", timestamp: 0.5 })).rejects.toThrow("timestamp 0.5");
    await expect(producer.send({ value: "v", headers: { "\ud800": "x" } })).rejects.toThrow("well-formed");
    await expect(producer.send({ value: "v".repeat(1_001) })).rejects.toThrow("maxBufferedBytes");
    await expect(producer.send({ value: "v" })).resolves.toMatchObject({ offset: 0 });
  });
});

describe("the buffer", () => {
  test("never holds more than its limit, and lets records in as others are acknowledged, in order", async () => {
    await using topic = await ScriptedTopic.start({ answerAfterMs: 3 });
    await using producer = topic.client.producer({ topic: "t", maxBufferedBytes: 5_000, batchBytes: 1_000 });
    let highest = 0;
    for (const value of numbers(400)) {
      await producer.enqueue({ value });
      highest = Math.max(highest, producer.bufferedBytes);
    }
    await producer.flush();
    expect(highest).toBeLessThanOrEqual(5_000);
    expect(highest).toBeGreaterThan(4_000);
    expect(producer.bufferedBytes).toBe(0);
    expect(topic.valuesOf(0)).toEqual(numbers(400));
  });

  test("holds back those who do not wait as well, in the order in which they came", async () => {
    await using topic = await ScriptedTopic.start();
    await using producer = topic.client.producer({ topic: "t", maxBufferedBytes: 3_000, batchBytes: 600 });
    const acks: Promise<RecordMetadata>[] = [];
    for (const value of numbers(300)) {
      acks.push(producer.send({ value }));
      expect(producer.bufferedBytes).toBeLessThanOrEqual(3_000);
    }
    const offsets = (await Promise.all(acks)).map((ack) => ack.offset);
    expect(offsets).toEqual(numbers(300).map(Number));
  });

  test("lets no small record overtake a large one that waits", async () => {
    await using topic = await ScriptedTopic.start({ answerAfterMs: 5 });
    await using producer = topic.client.producer({ topic: "t", maxBufferedBytes: 1_000 });
    await producer.send({ value: "first" });
    const values = ["a".repeat(600), "b".repeat(600), "c", "d"];
    const acks = await Promise.all(values.map((value) => producer.send({ value })));
    expect(acks.map((ack) => ack.offset)).toEqual([1, 2, 3, 4]);
  });

  test("is not waited for by more callers than there may be", async () => {
    await using topic = await ScriptedTopic.start({ produce: () => never });
    const controller = new AbortController();
    const options = { topic: "t", maxBufferedBytes: 100, signal: controller.signal };
    const producer = topic.client.producer(options);
    const calls = Array.from({ length: 10_003 }, () => producer.send({ value: "v" }));
    const settled = Promise.allSettled(calls);
    await expect(calls.at(-1)).rejects.toMatchObject({ name: "BufferFullError" });
    controller.abort();
    const outcomes = await settled;
    const names = outcomes.map((one) => (one.status === "rejected" ? (one.reason as Error).name : "fulfilled"));
    expect(names.filter((name) => name === "ProducerFatalError")).toHaveLength(10_000);
    expect(names.filter((name) => name === "BufferFullError")).toHaveLength(3);
  });
});

describe("flush and close", () => {
  test("do not linger, and wait for what was given before and not for what comes after", async () => {
    await using topic = await ScriptedTopic.start({ produce: (index) => (index === 1 ? never : undefined) });
    const controller = new AbortController();
    const producer = topic.client.producer({ topic: "t", lingerMs: 60_000, signal: controller.signal });
    const first = producer.send({ value: "a" });
    const flushed = producer.flush();
    await first;
    const later = producer.send({ value: "b" });
    await expect(flushed).resolves.toBeUndefined();
    controller.abort();
    await expect(later).rejects.toThrow(ProducerFatalError);
  });

  test("close takes no more records and ends with all acknowledged", async () => {
    await using topic = await ScriptedTopic.start({ answerAfterMs: 10 });
    const producer = topic.client.producer({ topic: "t", lingerMs: 60_000 });
    const acks = numbers(10).map((value) => producer.send({ value }));
    const closed = producer.close();
    await expect(producer.send({ value: "late" })).rejects.toThrow(ProducerClosedError);
    await closed;
    expect(topic.valuesOf(0)).toEqual(numbers(10));
    await Promise.all(acks);
  });

  test("an abort fails what is not acknowledged, at once", async () => {
    await using topic = await ScriptedTopic.start({ produce: () => never, partitions: 2 });
    const controller = new AbortController();
    const producer = topic.client.producer({ topic: "t", lingerMs: 0, signal: controller.signal });
    const onItsWay = producer.send({ value: "a", partition: 0 });
    await sleep(10);
    const buffered = producer.send({ value: "b", partition: 0 });
    setTimeout(() => controller.abort(), 30);
    await expect(onItsWay).rejects.toThrow("aborted");
    await expect(buffered).rejects.toThrow("aborted");
    await expect(producer.flush()).rejects.toThrow("aborted");
    expect(producer.bufferedBytes).toBe(0);
  });
});

describe("the topic", () => {
  test("is described again when that is long ago, and new partitions are used", async () => {
    await using topic = await ScriptedTopic.start({ partitions: 2 });
    await using producer = topic.client.producer({ topic: "t", metadataMaxAgeMs: 300 });
    await producer.send({ value: "a" });
    await sleep(310);
    await producer.send({ value: "b" });
    await producer.send({ value: "c" });
    expect(topic.describes).toBe(2);
  });

  test("is used as it was known while it cannot be described again", async () => {
    await using topic = await ScriptedTopic.start();
    const { serve } = topic;
    let describable = true;
    Object.assign(topic, {
      serve: (...[response, request]: Parameters<typeof serve>) =>
        describable || request.method !== "GET"
          ? serve(response, request)
          : answer(500, { message: "down" })(response, request),
    });
    await using producer = topic.client.producer({ topic: "t", metadataMaxAgeMs: 20 });
    await producer.send({ value: "a" });
    describable = false;
    await sleep(30);
    await expect(producer.send({ value: "b" })).resolves.toMatchObject({ offset: 1 });
  });
});

test.each([
  [{ batchBytes: 0 }, "batchBytes"],
  [{ batchBytes: 100_000_000 }, "batchBytes"],
  [{ lingerMs: -1 }, "lingerMs"],
  [{ maxInFlightRequests: 1.5 }, "maxInFlightRequests"],
])("options %o are refused", async (options, message) => {
  await using topic = await ScriptedTopic.start();
  expect(() => topic.client.producer({ topic: "t", ...options })).toThrow(message);
});
