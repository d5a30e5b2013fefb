import {
  Admin,
  compatibilityPartitioner,
  ConfigResourceTypes,
  Consumer,
  IncrementalAlterConfigOperationTypes,
  type MessagesStream,
  Producer,
  stringDeserializers,
  stringSerializers,
} from "@platformatic/kafka";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { partitionForKey } from "../../../shared/record/murmur2.ts";
import { type GatewayBed, gatewayBed, namespace } from "./gateway-bed.ts";
import { type HttpSide, httpSide } from "./http-side.ts";

const partitions = 3;
const keys = Array.from({ length: 20 }, (_, index) => `key-${index}-ü`);
const codecs = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
const partitionOf = (key: string): number => partitionForKey(new TextEncoder().encode(key), partitions);

type TextConsumer = Consumer<string, string, string, string>;
type TextStream = MessagesStream<string, string, string, string>;

let bed: GatewayBed;
let http: HttpSide;
const opened: { close(force: boolean): Promise<void> }[] = [];
beforeAll(async () => {
  bed = await gatewayBed({ isRealTime: true });
  http = httpSide(bed.services);
});
afterAll(async () => {
  await Promise.all(opened.map((client) => client.close(true)));
  expect(bed.failures).toEqual([]);
  await bed.close();
});

function base() {
  return { clientId: "platformatic", bootstrapBrokers: [`127.0.0.1:${bed.port}`], retries: 5, retryDelay: 20 };
}

function admin(): Admin {
  const made = new Admin(base());
  opened.push({ close: () => made.close() });
  return made;
}

function producer(options: { readonly transactionalId?: string; readonly idempotent?: boolean } = {}) {
  const made = new Producer({
    ...base(),
    ...options,
    serializers: stringSerializers,
    partitioner: compatibilityPartitioner,
  });
  opened.push(made);
  return made;
}

function consumer(groupId: string, groupProtocol: "classic" | "consumer" = "classic"): TextConsumer {
  const classic = { sessionTimeout: 6_000, heartbeatInterval: 200 };
  const made: TextConsumer = new Consumer({
    ...base(),
    groupId,
    ...(groupProtocol === "classic" ? { groupProtocol, ...classic } : { groupProtocol }),
    deserializers: stringDeserializers,
    maxWaitTime: 50,
    minBytes: 1,
    autocommit: 50,
  });
  opened.push(made);
  return made;
}

async function create(topic: string): Promise<void> {
  const [created] = await admin().createTopics({ topics: [{ topic, partitions, replicas: 1 }] });
  expect(created).toMatchObject({ name: topic, partitions });
}

/** What comes of a stream; each as `partition key value`. */
function collect(stream: TextStream): string[] {
  const found: string[] = [];
  stream.on("data", ({ partition, key, value }) => found.push(`${partition} ${key} ${value}`));
  stream.on("error", (error) => found.push(`error ${error.message}`));
  return found;
}

async function committedOf(group: string): Promise<number[]> {
  return (await bed.services.groups.committed({ namespace, group })).map(({ offset }) => offset);
}

const waiting = { timeout: 8_000, interval: 10 };

describe.concurrent("Platformatic's client", () => {
  test("administrates topics", async () => {
    const client = admin();
    const configs = [{ name: "retention.ms", value: "3600000" }];
    const [created] = await client.createTopics({ topics: ["managed"], partitions: 1, replicas: 1, configs });
    expect(created?.configuration["retention.ms"]).toBe("3600000");
    await client.createPartitions({ topics: [{ name: "managed", count: 4 }] });
    expect(await client.listTopics()).toContain("managed");
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: "managed" };
    const { SET } = IncrementalAlterConfigOperationTypes;
    const change = { name: "retention.ms", configOperation: SET, value: "7200000" };
    await client.incrementalAlterConfigs({ resources: [{ ...resource, configs: [change] }] });
    const described = await client.describeConfigs({
      resources: [{ ...resource, configurationKeys: ["retention.ms"] }],
    });
    expect(described[0]?.configs[0]).toMatchObject({ name: "retention.ms", value: "7200000" });
    await client.deleteTopics({ topics: ["managed"] });
    expect(await client.listTopics()).not.toContain("managed");
  });

  test("writes by every codec to the partitions that the HTTP API chooses, which reads it", async () => {
    await create("keyed");
    const writer = producer();
    for (const compression of codecs) {
      const messages = keys.map((key) => ({ topic: "keyed", key, value: `${compression} of ${key}` }));
      await writer.send({ messages, compression, acks: -1 });
    }
    for (const partition of [0, 1, 2]) {
      const own = keys.filter((key) => partitionOf(key) === partition);
      const expected = codecs.flatMap((codec) => own.map((key) => ({ key, value: `${codec} of ${key}` })));
      expect((await http.read("keyed", partition)).map(({ key, value }) => ({ key, value }))).toEqual(expected);
    }
    expect(
      await http.produce(
        "keyed",
        keys.map((key) => ({ key, value: `http of ${key}` })),
      ),
    ).toEqual(keys.map(partitionOf));
    const found = collect(await consumer("codecs").consume({ topics: ["keyed"], mode: "earliest" }));
    const all = [...codecs, "http"].flatMap((codec) =>
      keys.map((key) => `${partitionOf(key)} ${key} ${codec} of ${key}`),
    );
    await vi.waitFor(() => expect(found.toSorted()).toEqual(all.toSorted()), waiting);
  });

  test.each(["classic", "consumer"] as const)(
    "shares a topic between members of a group by the %s protocol",
    async (protocol) => {
      const topic = `shared-${protocol}`;
      await create(topic);
      const [one, two] = [consumer(`group-${protocol}`, protocol), consumer(`group-${protocol}`, protocol)];
      const first = collect(await one.consume({ topics: [topic], mode: "committed", fallbackMode: "earliest" }));
      await http.produce(
        topic,
        keys.map((key) => ({ key, value: "a" })),
      );
      await vi.waitFor(
        () => expect(first.toSorted()).toEqual(keys.map((key) => `${partitionOf(key)} ${key} a`).toSorted()),
        waiting,
      );
      const second = collect(await two.consume({ topics: [topic], mode: "committed", fallbackMode: "earliest" }));
      const owned = (): number[] =>
        [one, two]
          .map(({ assignments }) => assignments?.flatMap((each) => each.partitions).length ?? 0)
          .toSorted((a, b) => a - b);
      await vi.waitFor(() => expect(owned()).toEqual([1, 2]), waiting);
      let sent = 0;
      await vi.waitFor(async () => {
        // Who has just lost a partition may still read of it once.
        sent += 1;
        await http.produce(
          topic,
          keys.map((key) => ({ key, value: `b${sent}` })),
        );
        expect(second.some((line) => / b\d+$/.test(line))).toBe(true);
      }, waiting);
      const values = ["a", ...Array.from({ length: sent }, (_, index) => `b${index + 1}`)];
      const all = values.flatMap((value) => keys.map((key) => `${partitionOf(key)} ${key} ${value}`)).toSorted();
      await vi.waitFor(() => expect([...new Set([...first, ...second])].toSorted()).toEqual(all), waiting);
    },
  );

  test("writes by transactions that are committed or aborted, with the offsets of a group", async () => {
    await create("ledger");
    await create("orders");
    await http.produce("orders", [{ key: "a", value: "order" }]);
    const reader = consumer("ledger-group");
    const orders = await reader.consume({ topics: ["orders"], mode: "earliest", autocommit: false });
    const [order] = await orders.take(1).toArray();
    const writer = producer({ transactionalId: "platformatic-ledger", idempotent: true });
    const write = async (value: string, ends: "commit" | "abort"): Promise<void> => {
      const transaction = await writer.beginTransaction();
      const messages = ["a", "b"].map((key) => ({ topic: "ledger", key, value }));
      await transaction.send({ messages });
      await transaction.addConsumer(reader);
      if (order !== undefined) await transaction.addOffset(order);
      await transaction[ends]();
    };
    await write("v1", "abort");
    expect(await committedOf("ledger-group")).toEqual([]);
    await write("v2", "commit");
    const expected = ["a", "b"].map((key) => `${partitionOf(key)} ${key} v2`).toSorted();
    const found = collect(await consumer("ledger-readers").consume({ topics: ["ledger"], mode: "earliest" }));
    await vi.waitFor(() => expect(found.toSorted()).toEqual(expected), waiting);
    const read = (await Promise.all([0, 1, 2].map((partition) => http.read("ledger", partition)))).flat();
    expect(read.map(({ key, value }) => `${key} ${value}`).toSorted()).toEqual(["a v2", "b v2"]);
    await vi.waitFor(async () => expect(await committedOf("ledger-group")).toEqual([1]), waiting);
  });

  test("goes on from a time, which a consumer's offsets are set to", async () => {
    await create("timed");
    const startMs = Date.now() - 100_000;
    const messages = Array.from({ length: 10 }, (_, index) => ({
      topic: "timed",
      partition: 0,
      value: `at ${index}`,
      timestamp: BigInt(startMs + index * 1_000),
    }));
    await producer({ idempotent: true }).send({ messages, acks: -1 });
    const reader = consumer("timed-readers");
    const found = await reader.listOffsets({ topics: ["timed"], timestamp: BigInt(startMs + 6_500) });
    const [offset = -1n] = found.get("timed") ?? [];
    expect(offset).toBe(7n);
    const offsets = [0, 1, 2].map((partition) => ({
      topic: "timed",
      partition,
      offset: partition === 0 ? offset : 0n,
    }));
    const read = collect(await reader.consume({ topics: ["timed"], mode: "manual", offsets }));
    await vi.waitFor(() => expect(read.map((line) => line.slice(-4))).toEqual(["at 7", "at 8", "at 9"]), waiting);
  });
});
