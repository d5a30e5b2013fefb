import kafkajs, { type Admin, Kafka, logLevel, type Producer } from "kafkajs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type GatewayBed, gatewayBed, namespace } from "./gateway-bed.ts";

/** Node cannot tell these names of a CommonJS module before it runs. */
const { ConfigResourceTypes } = kafkajs;

let bed: GatewayBed;
let kafka: Kafka;
let admin: Admin;
beforeAll(async () => {
  bed = await gatewayBed({ isRealTime: true });
  kafka = new Kafka({
    clientId: "js",
    brokers: [`127.0.0.1:${bed.port}`],
    logLevel: logLevel.NOTHING,
    retry: { retries: 2 },
  });
  admin = kafka.admin();
  await admin.connect();
});
afterAll(async () => {
  await admin.disconnect();
  await bed.close();
});

test("KafkaJS's admin client creates, describes, configures, grows, cuts and deletes topics", async () => {
  const configEntries = [{ name: "retention.ms", value: "1000" }];
  expect(
    await admin.createTopics({ topics: [{ topic: "a", numPartitions: 2, replicationFactor: 3, configEntries }] }),
  ).toBe(true);
  expect(await admin.createTopics({ topics: [{ topic: "a" }] })).toBe(false);
  const resource = { type: ConfigResourceTypes.TOPIC, name: "a" };
  const described = await admin.describeConfigs({ includeSynonyms: true, resources: [resource] });
  const { configEntries: entries = [] } = described.resources[0] ?? {};
  expect(entries.find(({ configName }) => configName === "retention.ms")).toMatchObject({ configValue: "1000" });
  const changed = [{ name: "cleanup.policy", value: "compact,delete" }];
  await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries: changed }] });
  expect((await bed.services.topics.describe(namespace, "a")).config).toEqual({ "cleanup.policy": "compact,delete" });
  await admin.createPartitions({ topicPartitions: [{ topic: "a", count: 3 }] });
  expect((await admin.fetchTopicMetadata({ topics: ["a"] })).topics[0]?.partitions).toHaveLength(3);
  const record = { key: new Uint8Array([1]), value: null, headers: [] };
  await bed.services.produce.produceRecords({ namespace, topic: "a", partition: 0, records: [record, record] });
  await admin.deleteTopicRecords({ topic: "a", partitions: [{ partition: 0, offset: "1" }] });
  expect((await admin.fetchTopicOffsets("a")).find(({ partition }) => partition === 0)).toMatchObject({
    low: "1",
    high: "2",
  });
  expect(await admin.describeCluster()).toMatchObject({ controller: 1, brokers: [{ nodeId: 1, port: bed.port }] });
  await admin.deleteTopics({ topics: ["a"] });
  expect(await admin.listTopics()).not.toContain("a");
});

async function transact(producer: Producer, value: string, commit: boolean): Promise<void> {
  const transaction = await producer.transaction();
  for (const partition of [0, 1, 0]) {
    await transaction.send({ topic: "out", messages: [{ partition, value }] });
  }
  const offsets = [{ partition: 0, offset: value }];
  await transaction.sendOffsets({ consumerGroupId: "workers", topics: [{ topic: "in", partitions: offsets }] });
  await (commit ? transaction.commit() : transaction.abort());
}

test(
  "KafkaJS's transactions are committed or aborted with their offsets, and fence who had the id before",
  { timeout: 30_000 },
  async () => {
    await admin.createTopics({ topics: [{ topic: "in" }, { topic: "out", numPartitions: 2 }] });
    const connect = async (): Promise<Producer> => {
      const producer = kafka.producer({ transactionalId: "tx", maxInFlightRequests: 1, idempotent: true });
      await producer.connect();
      return producer;
    };
    const producer = await connect();
    for (const [value, commit] of [
      ["1", true],
      ["2", false],
      ["3", true],
      ["4", false],
    ] as const) {
      await transact(producer, value, commit);
    }
    const [committed] = await admin.fetchOffsets({ groupId: "workers", topics: ["in"] });
    expect(committed?.partitions).toMatchObject([{ partition: 0, offset: "3" }]);
    const next = await connect();
    await transact(next, "5", true);
    await expect(transact(producer, "6", true)).rejects.toThrow();
    await transact(next, "7", true);

    const values: string[] = [];
    const consumer = kafka.consumer({ groupId: "readers", maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic: "out", fromBeginning: true });
    await consumer.run({
      eachMessage: ({ partition, message }) => {
        if (partition === 0) values.push(message.value?.toString() ?? "");
        return Promise.resolve();
      },
    });
    await vi.waitFor(() => expect(values).toContain("7"), 10_000);
    await vi.waitFor(() => expect(values).toEqual(["1", "1", "3", "3", "5", "5", "7", "7"]), 2_000);
    await Promise.all([producer.disconnect(), next.disconnect(), consumer.disconnect()]);
    expect(bed.failures).toEqual([]);
  },
);
