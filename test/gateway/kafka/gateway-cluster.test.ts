import { Kafka, logLevel, Partitioners } from "kafkajs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type RunningKafkaGateway, startKafkaGateway } from "../../../gateway/kafka/kafka-gateway.ts";
import { findCoordinator } from "../../../gateway/kafka/protocol/apis/find-coordinator.ts";
import { metadata } from "../../../gateway/kafka/protocol/apis/metadata.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Services } from "../../../shared/services/services.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { createNodeEnvironment } from "../../../shared/storage/node/node-environment.ts";
import { loadOfKafkaJs, problemsOf } from "./sequenced-load.ts";
import { WireClient } from "./wire-client.ts";

const namespace = "default";
const topic = "orders";

let memory: MemoryStorage;
let services: Services;
let gateways: RunningKafkaGateway[];

async function start(): Promise<RunningKafkaGateway> {
  const storage = { ...memory.storage, ...createNodeEnvironment() };
  const gateway = await startKafkaGateway({
    services: createServices(storage),
    storage,
    namespace,
    log: () => undefined,
    createsTopics: false,
    isAlone: false,
    host: "127.0.0.1",
    port: 0,
  });
  gateways.push(gateway);
  return gateway;
}

beforeEach(async () => {
  memory = createMemoryStorage();
  gateways = [];
  services = createServices({ ...memory.storage, ...createNodeEnvironment() });
  await services.topics.create(namespace, { name: topic, partitions: 64 });
  for (let count = 0; count < 3; count += 1) await start();
});

afterEach(async () => {
  await Promise.all(gateways.map((gateway) => gateway.close()));
  await memory.close();
});

async function ask({ port }: RunningKafkaGateway) {
  const client = await WireClient.connect(port);
  const told = await client.send(metadata, { topics: [{ name: topic }] }, 9);
  const coordinators = await client.send(findCoordinator, { keyType: 0, coordinatorKeys: ["a", "b", "c", "d"] }, 4);
  client.close();
  const leaders = told.topics[0]?.partitions.map(({ leaderId }) => leaderId) ?? [];
  const owners = coordinators.coordinators.map(({ nodeId }) => nodeId);
  const { brokers, clusterId, controllerId } = told;
  return { brokers: brokers.map(({ nodeId, port }) => [nodeId, port]), clusterId, controllerId, leaders, owners };
}

test("gateways tell the same, spread the work, and clients go on when one stops", async () => {
  const [first, second, third] = gateways;
  if (first === undefined || second === undefined || third === undefined) throw new Error("three gateways");
  await vi.waitFor(async () => expect((await ask(first)).brokers).toHaveLength(3), { timeout: 5_000, interval: 50 });
  const told = await ask(first);
  expect(told.brokers).toEqual([1_001, 1_002, 1_003].map((nodeId, index) => [nodeId, gateways[index]?.port]));
  expect(new Set(told.leaders)).toEqual(new Set([1_001, 1_002, 1_003]));
  expect(told.controllerId).toBe(1_001);
  await vi.waitFor(async () => expect(await ask(third)).toEqual(told), { timeout: 5_000, interval: 50 });

  const retry = { retries: 50, initialRetryTime: 50, maxRetryTime: 200 };
  const kafka = new Kafka({ brokers: gateways.map(({ address }) => address), retry, logLevel: logLevel.NOTHING });
  const producers = await Promise.all(
    [0, 1, 2, 3].map(async (partition) => {
      const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner, retry });
      await producer.connect();
      return { producer, load: loadOfKafkaJs(producer, topic, `producer-${partition}`, partition) };
    }),
  );
  await sleep(150);
  await first.close();
  await sleep(400);
  await Promise.all(producers.map(({ load }) => load.stop()));
  expect((await ask(second)).brokers.map(([nodeId]) => nodeId)).toEqual([1_002, 1_003]);
  for (const { producer, load } of producers) {
    const { history } = load;
    expect([history.failures, problemsOf(await valuesOf(history.partition), history)]).toEqual([[], []]);
    expect(history.acknowledged).toBeGreaterThan(0);
    await producer.disconnect();
  }
});

async function valuesOf(partition: number): Promise<readonly string[]> {
  const values: string[] = [];
  for (let offset = 0; ;) {
    const { records, nextOffset, highWatermark } = await services.fetch.fetchRecords({
      namespace,
      topic,
      partition,
      offset,
      maxBytes: 1_000_000,
      maxRecords: 10_000,
      minBytes: 0,
      waitMs: 0,
      isolation: "read_uncommitted",
    });
    values.push(...records.map(({ value }) => new TextDecoder().decode(value ?? new Uint8Array())));
    if (nextOffset >= highWatermark) return values;
    offset = nextOffset;
  }
}
