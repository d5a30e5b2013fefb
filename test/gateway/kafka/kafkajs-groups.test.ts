import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type GatewayBed, gatewayBed, namespace } from "./gateway-bed.ts";

let bed: GatewayBed;
beforeAll(async () => {
  bed = await gatewayBed({ isRealTime: true });
  await bed.services.topics.create(namespace, { name: "orders", partitions: 4 });
});
afterAll(() => bed.close());

/** What a consumer has read, by partition. */
interface Reading {
  readonly partitions: Set<number>;
  readonly values: string[];
  readonly stop: () => Promise<void>;
}

async function read(kafka: Kafka): Promise<Reading> {
  const consumer = kafka.consumer({
    groupId: "readers",
    sessionTimeout: 6_000,
    heartbeatInterval: 200,
    maxWaitTimeInMs: 100,
  });
  const [partitions, values] = [new Set<number>(), [] as string[]];
  await consumer.connect();
  await consumer.subscribe({ topic: "orders", fromBeginning: true });
  await consumer.run({
    autoCommitThreshold: 1,
    eachMessage: ({ partition, message }) => {
      partitions.add(partition);
      values.push(message.value?.toString() ?? "");
      return Promise.resolve();
    },
  });
  return { partitions, values, stop: () => consumer.disconnect() };
}

test(
  "two consumers of KafkaJS share a topic, and one goes on where the other stopped",
  { timeout: 30_000 },
  async () => {
    const kafka = new Kafka({ clientId: "js", brokers: [`127.0.0.1:${bed.port}`], logLevel: logLevel.NOTHING });
    const produce = async (round: string): Promise<void> => {
      for (const partition of [0, 1, 2, 3]) {
        const records = [{ key: null, value: new TextEncoder().encode(`${round}${partition}`), headers: [] }];
        await bed.services.produce.produceRecords({ namespace, topic: "orders", partition, records });
      }
    };
    const [one, two] = await Promise.all([read(kafka), read(kafka)]);
    const settled = (members: number): Promise<void> =>
      vi.waitFor(async () => {
        const described = await bed.services.groups.describe({ namespace, group: "readers" });
        expect(described).toMatchObject({ type: "classic", protocolType: "consumer", state: "Stable", members });
      }, 10_000);
    await settled(2);
    await produce("a");
    await vi.waitFor(() => expect([...one.values, ...two.values].toSorted()).toEqual(["a0", "a1", "a2", "a3"]), 10_000);
    expect([one.partitions.size, two.partitions.size]).toEqual([2, 2]);
    const committed = async (): Promise<number[]> => {
      const offsets = await bed.services.groups.committed({ namespace, group: "readers" });
      return offsets.map(({ offset }) => offset);
    };
    await vi.waitFor(async () => expect(await committed()).toEqual([1, 1, 1, 1]), 10_000);
    await one.stop();
    await settled(1);
    await produce("b");
    await vi.waitFor(() => expect(two.values).toEqual(expect.arrayContaining(["b0", "b1", "b2", "b3"])), 15_000);
    await vi.waitFor(async () => expect(await committed()).toEqual([2, 2, 2, 2]), 10_000);
    // Nothing was read twice: what the other had read was committed.
    expect([...one.values, ...two.values]).toHaveLength(8);
    await two.stop();
    const admin = kafka.admin();
    await admin.connect();
    const [offsets] = await admin.fetchOffsets({ groupId: "readers", topics: ["orders"] });
    expect(offsets?.partitions.map(({ offset }) => offset)).toEqual(["2", "2", "2", "2"]);
    expect((await admin.listGroups()).groups).toEqual([{ groupId: "readers", protocolType: "consumer" }]);
    expect((await admin.describeGroups(["readers"])).groups).toMatchObject([{ state: "Empty", groupId: "readers" }]);
    await admin.deleteGroups(["readers"]);
    expect((await admin.listGroups()).groups).toEqual([]);
    await admin.disconnect();
    expect(bed.failures).toEqual([]);
  },
);
