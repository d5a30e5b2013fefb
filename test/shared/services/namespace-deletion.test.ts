import { describe, expect, test } from "vitest";
import { createServices } from "../../../shared/services/create-services.ts";
import { Namespaces } from "../../../shared/services/namespace-service.ts";
import type { Services } from "../../../shared/services/services.ts";
import { TreeRegistry } from "../../../shared/services/tree-registry.ts";
import {
  garbagePartition,
  groupsPartition,
  namespaceKey,
  sessionsPartition,
  sharePartition,
  topicsPartition,
  transactionsPartition,
} from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { dyingProcess } from "../partition/dying-process.ts";
import { refusal } from "./topic-process.ts";

const namespace = "team";
const dayMs = 86_400_000;
const transactional = { namespace, transactionalId: "billing" };
const partitions = [{ topic: "jobs", partitions: [0, 1] }];
const offsets = [{ topic: "jobs", partition: 0, offset: 1 }];

function records(...values: string[]) {
  return values.map((value) => ({ key: null, value: new TextEncoder().encode(value), headers: [] }));
}

function acquire({ shareGroups }: Services, group = "queue") {
  const bounds = { maxRecords: 10, maxBytes: 1_000_000, waitMs: 0 };
  return shareGroups.acquire({ namespace, group, topics: ["jobs"], memberId: "w", ...bounds });
}

/** A namespace with groups of both kinds, and with transactions that are over, under way, and in one call. */
async function fill(services: Services) {
  const { namespaces, topics, produce, groups, shareGroups, transactions } = services;
  await namespaces.create(namespace);
  await topics.create(namespace, { name: "jobs", partitions: 2 });
  for (const partition of [0, 1]) {
    await produce.produceRecords({ namespace, topic: "jobs", partition, records: records("a", "b") });
  }
  const group = { namespace, group: "readers" };
  const member = await groups.join({ ...group, topics: ["jobs"] });
  const { memberId, memberEpoch } = member;
  await groups.commit({ ...group, memberId, memberEpoch, offsets });
  await groups.commit({ namespace, group: "without-members", offsets });
  await shareGroups.configure({ namespace, group: "queue" }, { startAt: "earliest" });
  await acquire(services);
  const both = records("c", "d").map((record, partition) => ({ ...record, partition }));
  await transactions.execute({ namespace, produce: [{ topic: "jobs", records: both }], offsets: [] });
  await transactions.init({ namespace, transactionalId: "idle" });
  const producer = await transactions.init(transactional);
  await transactions.addPartitions({ ...transactional, ...producer, partitions });
  await transactions.addOffsets({ ...transactional, ...producer, group: "without-members", offsets });
  return { member, producer };
}

/** How many items each kind has. */
function leftOf({ store }: MemoryStorage) {
  const count = (partition: string): number => store.items.query(partition, { limit: 1_000 }).items.length;
  return {
    groups: count(groupsPartition(namespace)),
    shareStates: count(sharePartition(namespace, "queue")),
    transactions: count(transactionsPartition(namespace)),
    leases: count(sessionsPartition(namespace)),
  };
}

const nothing = { groups: 0, shareStates: 0, transactions: 0, leases: 0 };

/** A world whose namespace `team` is full of groups and transactions, but has no topic any more. */
async function withoutTopics() {
  const memory = createMemoryStorage();
  const services = createServices(memory.storage);
  const filled = await fill(services);
  await services.topics.delete(namespace, "jobs");
  // A lease whose process ended before the tree heard of its session.
  await memory.storage.items.update(
    { partition: sessionsPartition(namespace), sort: "0".repeat(19) },
    { set: { state: "live", password: "00", expiresAtMs: memory.store.wallMs() + 60_000 } },
  );
  expect(leftOf(memory)).toEqual({ groups: 3, shareStates: 2, transactions: 3, leases: 1 });
  return { memory, services, ...filled };
}

async function listed({ groups, shareGroups, transactions }: Services) {
  const page = { limit: 100 };
  const { items: consumers } = await groups.list(namespace, page);
  const { items: queues } = await shareGroups.list(namespace, page);
  const { items: ids } = await transactions.list(namespace, page);
  return [...consumers, ...queues, ...ids];
}

describe("a namespace that is deleted", () => {
  test("is kept with its groups and transactions as long as it has a topic", async () => {
    const memory = createMemoryStorage();
    const services = createServices(memory.storage);
    await fill(services);
    const before = leftOf(memory);
    await refusal(services.namespaces.delete(namespace), "NOT_EMPTY");
    await services.duties.sweep();
    expect(leftOf(memory)).toEqual(before);
    expect(await services.groups.describe({ namespace, group: "readers" })).toMatchObject({ members: 1 });
  });

  test("takes its groups, offsets, transactional ids and leases with it", async () => {
    const { memory, services, member } = await withoutTopics();
    await services.namespaces.delete(namespace);
    expect(leftOf(memory)).toEqual(nothing);
    const { memberId, memberEpoch } = member;
    const heartbeat = services.groups.heartbeat({ namespace, group: "readers", memberId, memberEpoch });
    await refusal(heartbeat, "UNKNOWN_MEMBER_ID");
    await refusal(services.groups.join({ namespace, group: "readers", topics: ["jobs"] }), "UNKNOWN_NAMESPACE");
    await refusal(acquire(services), "UNKNOWN_NAMESPACE");
    await refusal(services.transactions.init(transactional), "UNKNOWN_NAMESPACE");
    // The transaction that was under way comes to its time.
    await services.transactions.recover(transactional);
    await services.transactions.sweep(namespace);
    expect(leftOf(memory)).toEqual(nothing);
  });

  test("and is created again holds nothing of before, and fences its producers", async () => {
    const { memory, services, producer } = await withoutTopics();
    const old = { ...transactional, ...producer };
    await services.namespaces.delete(namespace);
    const other = createServices(memory.storage);
    await other.namespaces.create(namespace);
    const { topicId } = await other.topics.create(namespace, { name: "jobs", partitions: 2 });
    expect(await listed(other)).toEqual([]);
    await refusal(other.groups.offsets({ namespace, group: "readers" }), "GROUP_ID_NOT_FOUND");
    await other.groups.join({ namespace, group: "readers", topics: ["jobs"] });
    const found = await other.groups.offsets({ namespace, group: "readers" });
    expect(found.map(({ offset }) => offset)).toEqual([-1, -1]);
    await refusal(other.transactions.describe(transactional), "TRANSACTIONAL_ID_NOT_FOUND");

    const write = (by: Services) =>
      by.produce.produceRecords({
        namespace,
        topic: "jobs",
        partition: 0,
        records: records("late"),
        transactionalId: transactional.transactionalId,
        producer: { ...producer, baseSequence: 0 },
      });
    const late = async (by: Services): Promise<void> => {
      await refusal(by.transactions.addPartitions({ ...old, partitions }), "INVALID_PRODUCER_ID_MAPPING");
      const verified = by.transactions.verify({ ...old, topicId, partition: 0 });
      await refusal(verified, "INVALID_PRODUCER_ID_MAPPING");
      await refusal(write(by), "INVALID_PRODUCER_ID_MAPPING");
      await refusal(by.transactions.end({ ...old, commit: true }), "INVALID_PRODUCER_ID_MAPPING");
    };
    // Also where the process remembers the transaction as open.
    await memory.time.advance(6_000);
    await late(services);
    const fresh = await other.transactions.init(transactional);
    expect(fresh.producerId).not.toBe(producer.producerId);
    await late(services);
    await late(other);
    expect(await other.fetch.listOffset(namespace, "jobs", 0, { at: "latest" })).toMatchObject({ offset: 0 });
  });

  test("keeps no offsets that a process stages late for a transaction of before", async () => {
    const { memory, services, producer } = await withoutTopics();
    await services.namespaces.delete(namespace);
    const other = createServices(memory.storage);
    await other.namespaces.create(namespace);
    await other.topics.create(namespace, { name: "jobs", partitions: 2 });
    await memory.time.advance(6_000);
    // This process remembers that the group is in the transaction.
    const group = "without-members";
    const added = services.transactions.addOffsets({ ...transactional, ...producer, group, offsets });
    await refusal(added, "INVALID_PRODUCER_ID_MAPPING");
    await other.groups.commit({ namespace, group, offsets });
    expect(await other.groups.offsets({ namespace, group, stable: true })).toMatchObject([{ offset: 1 }]);
    await other.groups.delete({ namespace, group });
  });

  test("is erased by who comes next where the process dies at any request, and nothing of it is seen again", async () => {
    for (const [when, next] of [
      ["before", "sweep"],
      ["after", "sweep"],
      ["before", "create"],
      ["after", "create"],
    ] as const) {
      let ended = false;
      let request = 0;
      for (; !ended; request += 1) {
        const { memory } = await withoutTopics();
        const hint = `died ${when} ${request}`;
        const dying = dyingProcess(memory.storage, request, when);
        const victim = new Namespaces(dying.storage, new TreeRegistry(dying.storage));
        const run = victim.delete(namespace).then(() => "ended" as const);
        ended = (await Promise.race([run, dying.died])) === "ended";
        const other = createServices(memory.storage);
        if (next === "sweep") await other.duties.sweep();
        const isThere = await other.namespaces.create(namespace).then(
          () => false,
          () => true,
        );
        if (isThere) {
          // It never came to the mark, or to what it decides by.
          expect(leftOf(memory), hint).not.toEqual(nothing);
          await other.namespaces.delete(namespace);
          await other.namespaces.create(namespace);
        }
        expect(await listed(other), hint).toEqual([]);
        // States whose group is gone are nobody's, and go with the garbage.
        await memory.time.advance(memory.storage.lifetimes.graceMs + 60_000);
        await other.duties.sweep();
        expect(leftOf(memory), hint).toEqual(nothing);
      }
      expect(request).toBeGreaterThan(15);
    }
  });

  test("is erased beside a store that fails, or else by the sweep", async () => {
    const { memory, services } = await withoutTopics();
    memory.store.failNext("items.delete", "throttled");
    await services.namespaces.delete(namespace);
    expect(leftOf(memory)).not.toEqual(nothing);
    await refusal(services.topics.create(namespace, { name: "t" }), "UNKNOWN_NAMESPACE");
    memory.store.failNext("items.delete", "unavailable");
    await refusal(services.namespaces.create(namespace), "THROTTLING_QUOTA_EXCEEDED");
    await services.duties.sweep();
    expect(leftOf(memory)).toEqual(nothing);
    await services.namespaces.create(namespace);
  });

  test("does not take what belongs to one that was created again while its process was frozen", async () => {
    const { memory } = await withoutTopics();
    const { storage } = memory;
    let thaw = (): void => undefined;
    const frozen = new Promise<void>((resolve) => (thaw = resolve));
    let isFrozen = (): void => undefined;
    const reached = new Promise<void>((resolve) => (isFrozen = resolve));
    const query: typeof storage.items.query = async (partition, options) => {
      if (partition === groupsPartition(namespace)) {
        isFrozen();
        await frozen;
      }
      return await storage.items.query(partition, options);
    };
    const { items } = storage;
    const slow = {
      ...storage,
      items: {
        get: items.get.bind(items),
        update: items.update.bind(items),
        delete: items.delete.bind(items),
        query,
      },
    };
    const deleting = new Namespaces(slow, new TreeRegistry(slow)).delete(namespace);
    await reached;
    const other = createServices(storage);
    await other.namespaces.create(namespace);
    const filledAgain = { topic: "jobs", group: { namespace, group: "readers" } };
    await other.topics.create(namespace, { name: filledAgain.topic, partitions: 2 });
    await other.groups.join({ ...filledAgain.group, topics: ["jobs"] });
    thaw();
    await deleting;
    expect(await other.groups.describe(filledAgain.group)).toMatchObject({ members: 1 });
    await other.topics.describe(namespace, filledAgain.topic);
  });

  test("is looked at again by sweeps for a week, and then forgotten", async () => {
    const { memory, services } = await withoutTopics();
    await services.namespaces.delete(namespace);
    // Who knew the namespace a moment ago, and had seen the deletion too late.
    const late = { kind: "consumer", touchedAtMs: memory.store.wallMs(), members: 0 };
    await memory.storage.items.update(
      { partition: groupsPartition(namespace), sort: "late" },
      { set: late, expiresAtMs: memory.store.wallMs() + 100 * dayMs },
    );
    await services.duties.sweep();
    expect(leftOf(memory)).toEqual(nothing);
    expect(memory.store.items.get(namespaceKey(namespace))).toBeDefined();
    await refusal(services.namespaces.delete(namespace), "UNKNOWN_NAMESPACE");
    await memory.time.advance(9 * dayMs);
    await services.duties.sweep();
    expect(memory.store.items.get(namespaceKey(namespace))).toBeUndefined();
    expect(memory.store.items.query(topicsPartition(namespace), { limit: 10 }).items).toEqual([]);
    await refusal(services.namespaces.delete(namespace), "UNKNOWN_NAMESPACE");
    await services.namespaces.create(namespace);
  });

  test("leaves no topic to be found whose deletion was left half-way", async () => {
    const { memory, services } = await withoutTopics();
    const { storage } = memory;
    const { topicId } = await services.topics.create(namespace, { name: "left", partitions: 1 });
    const tree = new TreeRegistry(storage).tree(namespace);
    const paths = ["/config/topics/left", "/brokers/topics/left"];
    const operations = paths.map((path) => ({ kind: "delete", path, version: -1 }) as const);
    expect(await tree.write({ operations })).toMatchObject({ kind: "done" });
    await services.namespaces.delete(namespace);
    const cold = createServices(storage);
    const fetched = cold.fetch.listOffset(namespace, "left", 0, { at: "latest" });
    await refusal(fetched, "UNKNOWN_NAMESPACE");
    const garbage = memory.store.items.query(garbagePartition, { limit: 10 }).items;
    expect(garbage.map(({ key }) => key.sort)).toContain(topicId);
  });
});
