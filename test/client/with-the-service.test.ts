import { describe, expect, test } from "vitest";
import {
  AlterTopicCommand,
  CreateNamespaceCommand,
  CreateTopicCommand,
  DeleteNamespaceCommand,
  DeleteTopicCommand,
  DescribeTopicCommand,
  FetchBatchesCommand,
  FetchCommand,
  GetOffsetCommand,
  HealthCommand,
  NoAnswerException,
  paginateListNamespaces,
  paginateListTopics,
  ProduceBatchesCommand,
  ProduceCommand,
  ProduceToPartitionCommand,
  StreamkeeperClient,
  StreamkeeperServiceException,
  TruncateCommand,
} from "../../client/index.ts";
import type { Middleware } from "../../client/index.ts";
import { compressionTypes } from "../../shared/record/compression-type.ts";
import { ownService } from "./own-service.ts";

const { url, client, newTopic } = await ownService();

/** A client on whose way the nth request, from 0, is lost before it arrives, or its answer is. */
function unluckyClient(fate: (index: number) => "request lost" | "answer lost" | undefined): StreamkeeperClient {
  const unlucky = new StreamkeeperClient({ endpoint: url, maxAttempts: 10 });
  let requests = 0;
  const lose: Middleware = (next) => async (handlerArguments) => {
    const lost = fate(requests++);
    if (lost === "request lost") throw new NoAnswerException("lost", "for a test", true);
    const result = await next(handlerArguments);
    if (lost === "answer lost") throw new NoAnswerException("lost", "for a test", true);
    return result;
  };
  unlucky.middlewareStack.add(lose, { step: "deserialize", name: "lose", priority: "low" });
  return unlucky;
}

async function readAll(topic: string, partition: number) {
  const records = [];
  for await (const record of client.readPartition({ topic, partition, stopAtEnd: true })) records.push(record);
  return records;
}

const textOf = (bytes: Uint8Array | null) => Buffer.from(bytes ?? []).toString();

describe("the commands", () => {
  test("go through a namespace's and a topic's life", async () => {
    expect(await client.send(new HealthCommand())).toMatchObject({ status: "ok", storage: "ok" });
    await client.send(new CreateNamespaceCommand({ name: "blue" }));
    const namespaces = [];
    for await (const page of paginateListNamespaces({ client }, { limit: 1 })) namespaces.push(...page.namespaces);
    expect(namespaces.map((namespace) => namespace.name)).toEqual(["blue", "default"]);
    const place = { namespace: "blue", topic: "orders" };
    const config = { "retention.ms": "1000" };
    const created = await client.send(
      new CreateTopicCommand({ namespace: "blue", name: "orders", partitions: 2, config }),
    );
    expect(await client.send(new DescribeTopicCommand(place))).toMatchObject({
      topicId: created.topicId,
      partitions: 2,
      config,
    });
    const altered = await client.send(
      new AlterTopicCommand({ ...place, partitions: 3, config: { "retention.ms": null } }),
    );
    expect(altered).toMatchObject({ partitions: 3, config: {} });
    const listed = [];
    for await (const page of paginateListTopics({ client }, { namespace: "blue" })) listed.push(...page.topics);
    expect(listed).toMatchObject([{ name: "orders", partitions: 3 }]);
    await expect(client.send(new DeleteNamespaceCommand({ name: "blue" }))).rejects.toMatchObject({
      name: "NOT_EMPTY",
    });
    await client.send(new DeleteTopicCommand(place));
    await expect(client.send(new DescribeTopicCommand(place))).rejects.toMatchObject({
      name: "UNKNOWN_TOPIC_OR_PARTITION",
    });
    await client.send(new DeleteNamespaceCommand({ name: "blue" }));
  });

  test("produce, fetch, find and truncate records", async () => {
    const topic = await newTopic(3);
    const bytes = Uint8Array.of(0xff, 0);
    const records = [
      { key: "k", value: "a", headers: { h: "1" } },
      { key: "k", value: bytes, timestamp: 5_000 },
      { value: null, partition: 2 },
    ];
    const { results } = await client.send(new ProduceCommand({ topic, records }));
    const partition = results[0]?.partition ?? -1;
    expect(results).toMatchObject([{ partition }, { partition, timestamp: 5_000 }, { partition: 2 }]);
    const fetched = await client.send(new FetchCommand({ topic, partition, offset: 0, maxRecords: 2 }));
    expect(fetched.records).toMatchObject([
      { offset: 0, key: "k", value: "a", headers: [{ key: "h", value: "1" }] },
      { offset: 1, value: Buffer.from(bytes), timestamp: 5_000 },
    ]);
    const at = (point: "earliest" | "latest" | number) =>
      client.send(new GetOffsetCommand({ topic, partition, at: point }));
    expect([(await at("earliest")).offset, (await at(5_000)).offset]).toEqual([0, 0]);
    expect((await at(Date.now() + 60_000)).offset).toBe(-1);
    const end = (await at("latest")).offset;
    const truncated = await client.send(new TruncateCommand({ topic, partition, beforeOffset: end }));
    expect(truncated.logStartOffset).toBe(end);
    await expect(client.send(new FetchCommand({ topic, partition, offset: 0 }))).rejects.toMatchObject({
      name: "OFFSET_OUT_OF_RANGE",
      details: { logStartOffset: end },
    });
  });

  test("carry whole batches from one topic to another, unchanged", async () => {
    const [from, to] = [await newTopic(), await newTopic()];
    await client.send(
      new ProduceToPartitionCommand({ topic: from, partition: 0, records: [{ value: "a" }, { value: "b" }] }),
    );
    const { batches, nextOffset } = await client.send(
      new FetchBatchesCommand({ topic: from, partition: 0, offset: 0 }),
    );
    expect(nextOffset).toBe(2);
    await client.send(new ProduceBatchesCommand({ topic: to, partition: 0, batches }));
    expect((await readAll(to, 0)).map((record) => textOf(record.value))).toEqual(["a", "b"]);
  });

  test("append only at the offset that is expected", async () => {
    const topic = await newTopic();
    const records = [{ value: "a" }];
    await client.send(new ProduceToPartitionCommand({ topic, partition: 0, records, expectedOffset: 0 }));
    const error: unknown = await client
      .send(new ProduceToPartitionCommand({ topic, partition: 0, records, expectedOffset: 0 }))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StreamkeeperServiceException);
    expect(error).toMatchObject({ name: "BAD_VERSION", details: { highWatermark: 1 }, effect: "none" });
  });
});

describe("a lost answer", () => {
  test("does not make a write happen twice", async () => {
    using unlucky = unluckyClient((index) => (index === 0 ? "answer lost" : undefined));
    const name = "answered-late";
    const created = await unlucky.send(new CreateTopicCommand({ name }));
    expect(created).toMatchObject({ name, $metadata: { attempts: 2 } });
    const { topicId } = await client.send(new DescribeTopicCommand({ topic: name }));
    expect(created.topicId).toBe(topicId);
  });

  test.each([
    ["by key", (topic: string) => new ProduceCommand({ topic, records: [{ key: "k", value: "once" }] })],
    [
      "to a partition",
      (topic: string) => new ProduceToPartitionCommand({ topic, partition: 0, records: [{ value: "once" }] }),
    ],
  ])("does not make a record that is produced %s be there twice", async (_, command) => {
    const topic = await newTopic();
    using unlucky = unluckyClient((index) => (index < 3 ? "answer lost" : undefined));
    const { results, $metadata } = await unlucky.send<object, { results: readonly object[] }>(command(topic));
    expect($metadata.attempts).toBe(4);
    expect(results).toMatchObject([{ partition: 0, offset: 0 }]);
    expect((await readAll(topic, 0)).map((record) => textOf(record.value))).toEqual(["once"]);
  });

  test("and a lost request leave a producer's records once each and in order, in every partition", async () => {
    const topic = await newTopic(3);
    using unlucky = unluckyClient((index) => {
      // The first two describe the topic and create the producer.
      if (index < 2) return undefined;
      return index % 3 === 0 ? "answer lost" : index % 7 === 0 ? "request lost" : undefined;
    });
    const count = 3_000;
    await using producer = unlucky.producer({ topic, batchBytes: 4_000, lingerMs: 1 });
    for (let value = 0; value < count; value += 1) {
      await producer.enqueue({ key: `key ${value % 50}`, value: String(value) });
    }
    await producer.flush();
    const perPartition = await Promise.all([0, 1, 2].map((partition) => readAll(topic, partition)));
    const values = perPartition.map((records) => records.map((record) => Number(textOf(record.value))));
    for (const inPartition of values) {
      expect(inPartition).toEqual(inPartition.toSorted((left, right) => left - right));
      expect(inPartition.length).toBeGreaterThan(100);
    }
    const all = values.flat().toSorted((left, right) => left - right);
    expect(all).toEqual(Array.from({ length: count }, (_, value) => value));
  });
});

describe("a producer and a reader", () => {
  test.each(compressionTypes)("agree on batches compressed by %s", async (compressionType) => {
    const topic = await newTopic();
    await using producer = client.producer({ topic, compressionType });
    const values = Array.from({ length: 200 }, (_, index) => `value ${index}`.repeat(5));
    const acks = await Promise.all(values.map((value) => producer.send({ key: "k", value, headers: { n: value } })));
    expect(acks.at(-1)).toMatchObject({ partition: 0, offset: 199 });
    const records = await readAll(topic, 0);
    expect(records.map((record) => textOf(record.value))).toEqual(values);
    expect(textOf(records[7]?.headers[0]?.value ?? null)).toBe(values[7]);
  });

  test("meet at the end of the log, while it grows", async () => {
    const topic = await newTopic();
    await using producer = client.producer({ topic, lingerMs: 0 });
    await producer.send({ value: "before" });
    const seen: string[] = [];
    const sent = ["1", "2", "3"];
    const timer = setInterval(() => {
      const value = sent.shift();
      if (value !== undefined) void producer.enqueue({ value });
    }, 40);
    const startMs = performance.now();
    for await (const record of client.readPartition({ topic, partition: 0, from: "latest", waitMs: 10_000 })) {
      seen.push(textOf(record.value));
      if (seen.length === 3) break;
    }
    clearInterval(timer);
    expect(seen).toEqual(["1", "2", "3"]);
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});
