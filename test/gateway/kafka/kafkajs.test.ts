import kafkajs, { Kafka, logLevel, Partitioners } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { compress, decompress } from "../../../shared/compression/compression.ts";
import { partitionForKey } from "../../../shared/record/murmur2.ts";
import { type GatewayBed, gatewayBed } from "./gateway-bed.ts";
import { type HttpSide, httpSide } from "./http-side.ts";

/** Node cannot tell these names of a CommonJS module before it runs. */
const { CompressionCodecs, CompressionTypes, ConfigResourceTypes } = kafkajs;

const decompressedBytesMax = 1 << 20;
const partitions = 3;
const keys = Array.from({ length: 20 }, (_, index) => `key-${index}-ü`);

/** Those that KafkaJS has no code for; ours take their place, as users plug in packages. */
const plugged = [
  [CompressionTypes.Snappy, "snappy"],
  [CompressionTypes.LZ4, "lz4"],
  [CompressionTypes.ZSTD, "zstd"],
] as const;
for (const [number, type] of plugged) {
  CompressionCodecs[number] = () => ({
    compress: ({ buffer }: { readonly buffer: Buffer }) => Promise.resolve(Buffer.from(compress(type, buffer))),
    decompress: (buffer: Buffer) => Promise.resolve(Buffer.from(decompress(type, buffer, decompressedBytesMax))),
  });
}

let bed: GatewayBed;
let http: HttpSide;
let kafka: Kafka;
beforeAll(async () => {
  bed = await gatewayBed({ isRealTime: true });
  http = httpSide(bed.services);
  kafka = new Kafka({
    clientId: "kafkajs",
    brokers: [`127.0.0.1:${bed.port}`],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 20, retries: 5 },
  });
});
afterAll(async () => {
  expect(bed.failures).toEqual([]);
  await bed.close();
});

interface PartitionOffset {
  readonly partition: number;
  readonly offset: string;
}

async function create(topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  expect(await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] })).toBe(true);
  await admin.disconnect();
}

/** Reads a topic by a group until there are as many records; each as `partition key value`. */
async function consume(
  topic: string,
  count: number,
  { groupId, from = [] }: { readonly groupId: string; readonly from?: readonly PartitionOffset[] },
): Promise<string[]> {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 6_000, heartbeatInterval: 200, maxWaitTimeInMs: 50 });
  const found: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ partition, message }) => {
      found.push(`${partition} ${message.key?.toString()} ${message.value?.toString()}`);
      return Promise.resolve();
    },
  });
  for (const { partition, offset } of from) consumer.seek({ topic, partition, offset });
  await vi.waitFor(() => expect(found.length).toBeGreaterThanOrEqual(count), { timeout: 8_000, interval: 10 });
  await consumer.disconnect();
  return found.toSorted();
}

const partitionOf = (key: string): number => partitionForKey(new TextEncoder().encode(key), partitions);

describe.concurrent("KafkaJS", () => {
  test("administrates topics", async () => {
    const admin = kafka.admin();
    await admin.connect();
    const entries = [{ name: "retention.ms", value: "3600000" }];
    expect(await admin.createTopics({ topics: [{ topic: "managed", numPartitions: 1, configEntries: entries }] })).toBe(
      true,
    );
    expect(await admin.createTopics({ topics: [{ topic: "managed", numPartitions: 1 }] })).toBe(false);
    await admin.createPartitions({ topicPartitions: [{ topic: "managed", count: 4 }] });
    const { topics } = await admin.fetchTopicMetadata({ topics: ["managed"] });
    expect(topics[0]?.partitions).toHaveLength(4);
    expect(await admin.listTopics()).toContain("managed");
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: "managed" }];
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          ...resources[0],
          type: ConfigResourceTypes.TOPIC,
          name: "managed",
          configEntries: [{ name: "retention.ms", value: "7200000" }],
        },
      ],
    });
    const described = await admin.describeConfigs({ includeSynonyms: false, resources });
    const { configEntries } = described.resources[0] ?? { configEntries: [] };
    expect(configEntries.find(({ configName }) => configName === "retention.ms")?.configValue).toBe("7200000");
    expect((await admin.describeCluster()).brokers).toMatchObject([{ host: "127.0.0.1", port: bed.port }]);
    await admin.deleteTopics({ topics: ["managed"] });
    expect(await admin.listTopics()).not.toContain("managed");
    await admin.disconnect();
  });

  test("writes by every codec to the partitions that the HTTP API chooses, which reads it", async () => {
    await create("keyed");
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const codecs = [CompressionTypes.None, CompressionTypes.GZIP, ...plugged.map(([number]) => number)];
    for (const compression of codecs) {
      await producer.send({
        topic: "keyed",
        compression,
        messages: keys.map((key) => ({ key, value: `${compression} of ${key}` })),
      });
    }
    await producer.disconnect();
    for (const partition of [0, 1, 2]) {
      const own = keys.filter((key) => partitionOf(key) === partition);
      const expected = codecs.flatMap((codec) => own.map((key) => ({ key, value: `${codec} of ${key}` })));
      expect((await http.read("keyed", partition)).map(({ key, value }) => ({ key, value }))).toEqual(expected);
    }
    const chosen = await http.produce(
      "keyed",
      keys.map((key) => ({ key, value: `http of ${key}` })),
    );
    expect(chosen).toEqual(keys.map(partitionOf));
    const found = await consume("keyed", (codecs.length + 1) * keys.length, { groupId: "codecs" });
    const all = [...codecs.map(String), "http"].flatMap((codec) =>
      keys.map((key) => `${partitionOf(key)} ${key} ${codec} of ${key}`),
    );
    expect(found).toEqual(all.toSorted());
  });

  test("writes idempotently, and by transactions that are committed or aborted with the offsets of a group", async () => {
    await create("ledger");
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, transactionalId: "kafkajs-ledger" });
    await producer.connect();
    const write = async (value: string, ends: "commit" | "abort"): Promise<void> => {
      const transaction = await producer.transaction();
      await transaction.send({
        topic: "ledger",
        messages: [
          { key: "a", value },
          { key: "b", value },
        ],
      });
      await transaction.sendOffsets({
        consumerGroupId: "ledger-group",
        topics: [{ topic: "ledger", partitions: [{ partition: 0, offset: value.slice(1) }] }],
      });
      await (ends === "commit" ? transaction.commit() : transaction.abort());
    };
    await write("v1", "commit");
    await write("v2", "abort");
    await write("v3", "commit");
    await producer.disconnect();
    const idempotent = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await idempotent.connect();
    await idempotent.send({ topic: "ledger", messages: [{ key: "a", value: "v4" }] });
    await idempotent.disconnect();
    const found = await consume("ledger", 5, { groupId: "ledger-readers" });
    const expected = [
      ["a", "v1"],
      ["b", "v1"],
      ["a", "v3"],
      ["b", "v3"],
      ["a", "v4"],
    ] as const;
    expect(found).toEqual(expected.map(([key, value]) => `${partitionOf(key)} ${key} ${value}`).toSorted());
    const read = (await Promise.all([0, 1, 2].map((partition) => http.read("ledger", partition)))).flat();
    expect(read.map(({ key, value }) => `${key} ${value}`).toSorted()).toEqual(
      expected.map((one) => one.join(" ")).toSorted(),
    );
    const admin = kafka.admin();
    await admin.connect();
    const [offsets] = await admin.fetchOffsets({ groupId: "ledger-group", topics: ["ledger"] });
    expect(offsets?.partitions.find(({ partition }) => partition === 0)?.offset).toBe("3");
    await admin.disconnect();
  });

  test("goes on from a time, which a group's offsets are reset to", async () => {
    await create("timed");
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const startMs = Date.now() - 100_000;
    const messages = Array.from({ length: 10 }, (_, index) => ({
      partition: 0,
      value: `at ${index}`,
      timestamp: String(startMs + index * 1_000),
    }));
    await producer.send({ topic: "timed", messages });
    await producer.disconnect();
    const admin = kafka.admin();
    await admin.connect();
    const offsets = await admin.fetchTopicOffsetsByTimestamp("timed", startMs + 6_500);
    expect(offsets.find(({ partition }) => partition === 0)?.offset).toBe("7");
    const found = await consume("timed", 3, { groupId: "timed-readers", from: offsets });
    expect(found).toEqual(["0 undefined at 7", "0 undefined at 8", "0 undefined at 9"]);
    await vi.waitFor(async () => {
      const [committed] = await admin.fetchOffsets({ groupId: "timed-readers", topics: ["timed"] });
      expect(committed?.partitions.find(({ partition }) => partition === 0)?.offset).toBe("10");
    });
    await admin.disconnect();
  });
});
