import { Producer as PlatformaticProducer, stringSerializers } from "@platformatic/kafka";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { GatewayProcesses } from "./gateway-processes.ts";
import {
  Consumed,
  type Load,
  loadOfKafkaJs,
  loadOfPlatformatic,
  problemsOf,
  startKafkaJsMember,
} from "../../gateway/kafka/sequenced-load.ts";

const kills = Number(process.env["STREAMKEEPER_KILLS"] ?? 6);
/** How long all three run before the next is killed, and how long that stays away. */
const togetherMs = 4_000;
const awayMs = 4_000;
const topic = "orders";
const partitions = 6;
/** The session of a gateway, 6 s, and what clients take to notice; seldom needed, since the others see the process end. */
const stallMsMax = 12_000;

test(`three gateways, of which one is killed ${kills} times under load`, { timeout: 300_000 }, async () => {
  await using gateways = await GatewayProcesses.start(3);
  const retry = { retries: 100, initialRetryTime: 100, maxRetryTime: 1_000 };
  const kafka = new Kafka({
    brokers: [...gateways.bootstrap],
    retry,
    logLevel: logLevel.NOTHING,
    requestTimeout: 10_000,
  });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: true });

  const loads: Load[] = [];
  const ends: (() => Promise<unknown>)[] = [() => admin.disconnect()];
  for (const partition of [0, 1, 2]) {
    const producer = kafka.producer({ idempotent: true, createPartitioner: Partitioners.DefaultPartitioner, retry });
    await producer.connect();
    loads.push(loadOfKafkaJs(producer, topic, `kafkajs-${partition}`, partition));
    ends.push(() => producer.disconnect());
  }
  for (const partition of [3, 4, 5]) {
    const producer = new PlatformaticProducer({
      clientId: `producer-${partition}`,
      bootstrapBrokers: [...gateways.bootstrap],
      idempotent: true,
      retryDelay: 200,
      serializers: stringSerializers,
      strict: true,
    });
    loads.push(loadOfPlatformatic(producer, topic, `platformatic-${partition}`, partition));
    ends.push(() => producer.close());
  }
  const ofKafkaJs = new Consumed();
  const members = await Promise.all([1, 2].map(() => startKafkaJsMember(kafka, topic, "kafkajs", ofKafkaJs)));
  for (const member of members) ends.push(() => member.disconnect());

  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(togetherMs);
    await gateways.kill(kill % 3);
    await sleep(awayMs);
    await gateways.begin(kill % 3);
  }
  await sleep(togetherMs);
  await Promise.all(loads.map((load) => load.stop()));

  const ended = await admin.fetchTopicOffsets(topic);
  const total = ended.reduce((sum, { high }) => sum + Number(high), 0);
  await vi.waitFor(() => expect(ofKafkaJs.count).toBe(total), { timeout: 60_000, interval: 200 });
  const problems = [...ofKafkaJs.problems];
  for (const { history } of loads) {
    const high = Number(ended.find(({ partition }) => partition === history.partition)?.high ?? 0);
    const values = Array.from({ length: high }, (_, offset) => ofKafkaJs.valueAt(history.partition, offset) ?? "");
    problems.push(...history.failures, ...problemsOf(values, history));
  }
  const stalls = loads.map(({ history }) => `${history.producer} ${Math.round(history.longestStallMs)} ms`);
  process.stdout.write(
    `${total} records; longest stalls: ${stalls.join(", ")}; group ${Math.round(ofKafkaJs.longestStallMs)} ms\n`,
  );
  for (const end of ends) await end();
  expect(problems).toEqual([]);
  for (const { history } of loads) expect(history.longestStallMs).toBeLessThan(stallMsMax);
});
