import { describe, expect, test } from "vitest";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Services } from "../../../shared/services/services.ts";
import { readProjection } from "../../../shared/services/topic-projection.ts";
import { garbageKey } from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { carePlan, type LeaderOf } from "../../../shared/topics/topic-care.ts";
import { alterationStep } from "../../../shared/topics/topic-steps.ts";
import { findTopic } from "../../../shared/topics/topic-znodes.ts";
import { encodeBroker } from "../../../shared/topics/broker-znodes.ts";
import { ZooKeeperTools } from "../topics/zookeeper-tools.ts";
import { refusal, topicProcess } from "./topic-process.ts";

const namespace = "default";
const anybody = { namespace, identities: [] };
/** The last one that is registered. */
const last: LeaderOf = (_topicId, _partition, nodeIds) => nodeIds.at(-1);

function world(processes = 1) {
  const memory = createMemoryStorage();
  const all = Array.from({ length: processes }, () => createServices(memory.storage));
  const [services = createServices(memory.storage)] = all;
  return { memory, all, services, tools: new ZooKeeperTools(services, namespace) };
}

async function register({ znodes }: Services, nodeId: number): Promise<void> {
  const data = encodeBroker({ host: "127.0.0.1", port: 9_092 }, "PLAINTEXT", 0);
  for (const path of ["/brokers", "/brokers/ids"]) {
    await znodes.create(anybody, { path, data: null, mode: "persistent" }).catch(() => undefined);
  }
  await znodes.create(anybody, { path: `/brokers/ids/${nodeId}`, data, mode: "persistent" });
}

const record = { key: null, value: new TextEncoder().encode("kept"), headers: [] };

async function valuesOf({ fetch }: Services, topic: string): Promise<readonly string[]> {
  const bounds = { offset: 0, maxBytes: 1_000_000, maxRecords: 100, minBytes: 0, waitMs: 0 };
  const read = await fetch.fetchRecords({ namespace, topic, partition: 0, isolation: "read_uncommitted", ...bounds });
  return read.records.map(({ value }) => new TextDecoder().decode(value ?? undefined));
}

describe("a topic that a client of ZooKeeper creates", () => {
  test("gets an id, a projection and its settings", async () => {
    const { memory, services, tools } = world();
    await tools.createTopic("logs", { "0": [1], "1": [1] }, { "retention.ms": "60000" });
    await refusal(services.topics.describe(namespace, "logs"), "UNKNOWN_TOPIC_OR_PARTITION");
    expect(await services.topicCare.tend(namespace, "logs")).toBeUndefined();
    const { topicId, ...described } = await services.topics.describe(namespace, "logs");
    expect(described).toMatchObject({ partitions: 2, config: { "retention.ms": "60000" } });
    expect(topicId).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect((await readProjection(memory.storage, namespace, "logs"))?.topic).toMatchObject({ topicId, partitions: 2 });
    expect(await tools.read("/brokers/topics/logs")).toMatchObject({
      topic_id: topicId,
      partitions: { "0": [1], "1": [1] },
    });
  });

  test("keeps the id that its client chose", async () => {
    const { services, tools } = world();
    await tools.createTopic("logs", { "0": [1] }, {}, "AAECAwQFBgcICQoLDA0ODw");
    await services.topicCare.tend(namespace, "logs");
    expect((await services.topics.describe(namespace, "logs")).topicId).toBe("AAECAwQFBgcICQoLDA0ODw");
  });

  test("has one id, however many gateways deal with it at once", async () => {
    const { all, services, tools } = world(5);
    await tools.createTopic("logs", { "0": [1] });
    await Promise.all(all.map(({ topicCare }) => topicCare.tend(namespace, "logs", last)));
    const ids = await Promise.all(all.map(async ({ topics }) => (await topics.describe(namespace, "logs")).topicId));
    expect(new Set(ids).size).toBe(1);
    const { stat } = await services.znodes.exists(anybody, "/brokers/topics/logs");
    expect(stat.version).toBe(1);
  });

  test("does not take over the id of one that stood there before", async () => {
    const { memory, services, tools } = world();
    const { topicId } = await services.topics.create(namespace, { name: "logs" });
    await services.znodes.delete(anybody, { path: "/brokers/topics/logs", version: -1 });
    await tools.createTopic("logs", { "0": [1] });
    await services.topicCare.tend(namespace, "logs");
    expect((await services.topics.describe(namespace, "logs")).topicId).not.toBe(topicId);
    expect(await memory.storage.items.get(garbageKey(topicId))).toBeDefined();
  });

  test.each(["care", "alteration"])(
    "is not changed by a %s that was decided on one that stood there before",
    async (what) => {
      const memory = createMemoryStorage();
      const { trees } = topicProcess(memory);
      const services = createServices(memory.storage);
      const tools = new ZooKeeperTools(services, namespace);
      if (what === "care") await tools.createTopic("logs", { "0": [1] });
      else await services.topics.create(namespace, { name: "logs" });
      const tree = await trees.tree(namespace).read();
      const topic = findTopic(tree, "logs");
      const { operations = [] } =
        topic === undefined
          ? carePlan(tree, "logs", { topicId: "old" })
          : (alterationStep(topic, { ...topic, partitions: 2 }) ?? {});
      expect(operations).not.toEqual([]);
      await services.znodes.delete(anybody, { path: "/brokers/topics/logs", version: -1 });
      await tools.createTopic("logs", { "0": [1] });
      const refused = { kind: "refused", refusal: { code: "FENCED" } };
      expect(await trees.tree(namespace).write({ operations })).toMatchObject(refused);
    },
  );

  test("stays gone where it is deleted while gateways deal with it, and one that follows it has an id of its own", async () => {
    const { memory, all, services, tools } = world(3);
    for (let round = 0; round < 6; round += 1) {
      await tools.createTopic("logs", { "0": [1] });
      await Promise.all([
        ...all.map(({ topicCare }) => topicCare.tend(namespace, "logs", last)),
        services.topics.delete(namespace, "logs").catch(() => undefined),
      ]);
      await services.topics.delete(namespace, "logs").catch(() => undefined);
      await tools.createTopic("logs", { "0": [1] });
      await Promise.all(all.map(({ topicCare }) => topicCare.tend(namespace, "logs", last)));
      const { topicId } = await services.topics.describe(namespace, "logs");
      expect(await memory.storage.items.get(garbageKey(topicId))).toBeUndefined();
      await services.topics.delete(namespace, "logs");
      expect((await readProjection(memory.storage, namespace, "logs"))?.topic).toBeUndefined();
      expect(await memory.storage.items.get(garbageKey(topicId))).toBeDefined();
    }
  });
});

describe("a topic that a client of ZooKeeper alters", () => {
  test.each([true, false])(
    "keeps its records and its id, though clients before Kafka 2.8 leave it out (led: %s)",
    async (isLed) => {
      const { memory, services, tools } = world();
      await register(services, 1);
      const leaderOf = isLed ? last : undefined;
      const { topicId } = await services.topics.create(namespace, { name: "orders", partitions: 1 });
      await services.topicCare.tend(namespace, "orders", leaderOf);
      await services.produce.produceRecords({ namespace, topic: "orders", partition: 0, records: [record] });
      await tools.addPartitions("orders", { "0": [1], "1": [1], "2": [1] });
      // Another process looks at it before any gateway does.
      const other = createServices(memory.storage);
      await other.duties.sweep();
      await other.topics.describe(namespace, "orders").catch(() => undefined);
      expect(await memory.storage.items.get(garbageKey(topicId))).toBeUndefined();
      await services.topicCare.tend(namespace, "orders", leaderOf);
      expect(await services.topics.describe(namespace, "orders")).toMatchObject({ topicId, partitions: 3 });
      expect(await valuesOf(services, "orders")).toEqual(["kept"]);
      expect((await readProjection(memory.storage, namespace, "orders"))?.topic).toMatchObject({
        topicId,
        partitions: 3,
      });
    },
  );

  test("is known by its kept id at once, before any gateway deals with it", async () => {
    const { services, tools } = world();
    await register(services, 1);
    const { topicId } = await services.topics.create(namespace, { name: "orders", partitions: 1 });
    await services.topicCare.tend(namespace, "orders", last);
    await tools.addPartitions("orders", { "0": [1], "1": [1] });
    expect(await services.topics.describe(namespace, "orders")).toMatchObject({ topicId, partitions: 2 });
  });

  test("has its new settings in its projection", async () => {
    const { memory, services, tools } = world();
    await services.topics.create(namespace, { name: "orders" });
    await tools.createTopic("x", { "0": [1] });
    await services.znodes.create(anybody, { path: "/config/changes", data: null, mode: "persistent" });
    await tools.setConfig("orders", { "retention.ms": "5" });
    await services.topicCare.tend(namespace, "orders");
    const { topic } = (await readProjection(memory.storage, namespace, "orders")) ?? {};
    expect(topic?.config).toEqual({ "retention.ms": "5" });
  });
});

describe("a topic that a client of ZooKeeper asks to be deleted", () => {
  test("goes with its settings and what stands about its partitions, and its records are garbage", async () => {
    const { memory, all, services, tools } = world(3);
    await register(services, 1);
    const { topicId } = await services.topics.create(namespace, { name: "orders", partitions: 3 });
    await services.topicCare.tend(namespace, "orders", last);
    await tools.deleteTopic("orders");
    await Promise.all(all.map(({ topicCare }) => topicCare.tend(namespace, "orders", last)));
    for (const path of ["/brokers/topics/orders", "/config/topics/orders", "/admin/delete_topics/orders"]) {
      expect(await tools.read(path)).toBeUndefined();
    }
    expect((await readProjection(memory.storage, namespace, "orders"))?.topic).toBeUndefined();
    expect(await memory.storage.items.get(garbageKey(topicId))).toBeDefined();
  });

  test("is not one that is created after it was asked", async () => {
    const { services, tools } = world();
    await tools.deleteTopic("orders");
    await services.topics.create(namespace, { name: "orders" });
    await services.topicCare.tendAll(namespace);
    expect(await services.topics.describe(namespace, "orders")).toMatchObject({ name: "orders" });
    expect(await tools.read("/admin/delete_topics/orders")).toBeUndefined();
  });

  test("may be one that is no topic", async () => {
    const { services, tools } = world();
    await tools.createTopic("empty", {});
    await tools.deleteTopic("empty");
    await services.topicCare.tendAll(namespace);
    expect(await tools.read("/brokers/topics/empty")).toBeUndefined();
  });

  test("is brought to its end, too, where its znodes were deleted by hand", async () => {
    const { memory, services } = world();
    const { topicId } = await services.topics.create(namespace, { name: "orders" });
    await services.znodes.delete(anybody, { path: "/brokers/topics/orders", version: -1 });
    await services.topicCare.tend(namespace, "orders");
    expect((await readProjection(memory.storage, namespace, "orders"))?.topic).toBeUndefined();
    expect(await memory.storage.items.get(garbageKey(topicId))).toBeDefined();
  });
});

describe("what clients of ZooKeeper see of a topic", () => {
  test("names leaders that live, and replicas for tools that need one", async () => {
    const { services, tools } = world();
    await register(services, 1);
    await services.topics.create(namespace, { name: "orders", partitions: 2 });
    await services.topicCare.tendAll(namespace, last);
    expect(await tools.read("/brokers/topics/orders")).toMatchObject({ partitions: { "0": [1], "1": [1] } });
    const state = { controller_epoch: 0, leader: 1, version: 1, leader_epoch: 0, isr: [1] };
    expect(await tools.read("/brokers/topics/orders/partitions/1/state")).toEqual(state);
    await register(services, 2);
    await services.topicCare.tendAll(namespace, last);
    expect(await tools.read("/brokers/topics/orders/partitions/1/state")).toEqual({
      ...state,
      leader: 2,
      leader_epoch: 1,
      isr: [2, 1],
    });
  });

  test("is written once", async () => {
    const { services } = world();
    await register(services, 1);
    await services.topics.create(namespace, { name: "orders", partitions: 2 });
    await services.topicCare.tendAll(namespace, last);
    const { zxid } = await services.znodes.exists(anybody, "/");
    await services.topicCare.tendAll(namespace, last);
    await services.topicCare.tend(namespace, "orders", last);
    expect((await services.znodes.exists(anybody, "/")).zxid).toBe(zxid);
  });

  test("does not keep a topic from growing and from being deleted", async () => {
    const { services, tools } = world();
    await register(services, 1);
    await services.topics.create(namespace, { name: "orders", partitions: 1 });
    await services.topicCare.tendAll(namespace, last);
    await services.topics.alter(namespace, "orders", { partitions: 3 });
    expect(await tools.read("/brokers/topics/orders")).toMatchObject({ partitions: { "0": [1], "1": [], "2": [] } });
    await services.topicCare.tendAll(namespace, last);
    await services.topics.delete(namespace, "orders");
    expect(await tools.read("/brokers/topics/orders")).toBeUndefined();
  });
});

describe("what cannot be a topic", () => {
  const wrong: readonly [string, string, object][] = [
    ["a name that no topic has", "a b", { version: 2, partitions: { "0": [1] } }],
    ["no partitions", "none", { version: 2, partitions: {} }],
    ["partitions with a gap", "gap", { version: 2, partitions: { "0": [1], "2": [1] } }],
    ["a reserved name", "__znode_changes", { version: 2, partitions: { "0": [1] } }],
    ["something else", "other", { hello: "world" }],
  ];

  test.each(wrong)("is left as it is: %s", async (_title, name, value) => {
    const { services, tools } = world();
    await tools.createTopic("good", { "0": [1] });
    const data = new TextEncoder().encode(JSON.stringify(value));
    await services.znodes.create(anybody, { path: `/brokers/topics/${name}`, data, mode: "persistent" });
    const problems = await services.topicCare.tendAll(namespace, last);
    expect(problems.map((problem) => problem.name)).toEqual([name]);
    expect(await services.topicCare.tend(namespace, name, last)).toEqual(problems[0]);
    expect(await tools.read(`/brokers/topics/${name}`)).toEqual(value);
    expect(await services.topics.describe(namespace, "good")).toMatchObject({ partitions: 1 });
  });

  test("settings that are unknown count as not set, and are told", async () => {
    const { services, tools } = world();
    await tools.createTopic("logs", { "0": [1] }, { "no.such.key": "1" });
    expect(await services.topicCare.tend(namespace, "logs")).toMatchObject({
      message: expect.stringContaining("no.such.key"),
    });
    expect(await services.topics.describe(namespace, "logs")).toMatchObject({ partitions: 1 });
  });

  test("replicas on brokers that are not there are told, and do no harm", async () => {
    const { services, tools } = world();
    await register(services, 1);
    await tools.createTopic("logs", { "0": [7, 8] });
    expect(await services.topicCare.tend(namespace, "logs", last)).toMatchObject({
      message: expect.stringContaining("broker 7"),
    });
    await services.produce.produceRecords({ namespace, topic: "logs", partition: 0, records: [record] });
    expect(await tools.read("/brokers/topics/logs/partitions/0/state")).toMatchObject({ leader: 1, isr: [1] });
  });

  test("does not take the records of a topic whose znode it is written over", async () => {
    const { memory, services, tools } = world();
    const { topicId } = await services.topics.create(namespace, { name: "orders" });
    await services.znodes.setData(anybody, { path: "/brokers/topics/orders", data: null, version: -1 });
    await services.topicCare.tendAll(namespace);
    await services.duties.sweep();
    expect(await memory.storage.items.get(garbageKey(topicId))).toBeUndefined();
    await tools.addPartitions("orders", { "0": [1] });
    await services.topicCare.tendAll(namespace);
    expect(await services.topics.describe(namespace, "orders")).toMatchObject({ topicId });
  });
});
