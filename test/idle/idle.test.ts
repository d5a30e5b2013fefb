import { describe, expect, test } from "vitest";
import type { Services, TopicConfig } from "../../shared/services/services.ts";
import { hotBlobKey, sessionsPartition } from "../../shared/storage/item-keys.ts";
import { SimulatedCloud } from "./simulated-cloud.ts";

const ns = "default";
const context = { namespace: ns, identities: [] };
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

async function produce(cloud: SimulatedCloud, topic: string, key: string, bytes = 10): Promise<void> {
  const records = [
    {
      key: new TextEncoder().encode(key),
      value: new Uint8Array(bytes),
      headers: [],
      timestamp: cloud.memory.storage.clock.wallMs(),
    },
  ];
  await cloud.container().produce.produceRecords({ namespace: ns, topic, partition: 0, records });
}

async function createTopic(cloud: SimulatedCloud, name: string, config: TopicConfig): Promise<string> {
  const { topicId } = await cloud.container().topics.create(ns, { name, partitions: 1, config });
  return topicId;
}

const forever = { "retention.ms": "-1" };

/** Everything that has a timer, once. */
async function useEverything(cloud: SimulatedCloud): Promise<void> {
  const services: Services = cloud.container();
  await createTopic(cloud, "kept", forever);
  await createTopic(cloud, "compacted", { "cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01" });
  await createTopic(cloud, "gone", forever);
  for (const topic of ["kept", "compacted", "gone"]) {
    for (let round = 0; round < 3; round += 1) await produce(cloud, topic, "key", 40_000);
  }
  await services.topics.delete(ns, "gone", {});
  const session = await services.sessions.create(ns, { timeoutMs: 30_000 });
  const ephemeral = { path: "/ephemeral", data: null, mode: "ephemeral" } as const;
  await services.znodes.create({ ...context, session }, ephemeral);
  await services.znodes.create(context, { path: "/ttl", data: null, mode: "persistent_with_ttl", ttlMs: 2 * hourMs });
  const id = { namespace: ns, transactionalId: "tx" };
  const producer = await services.transactions.init({ ...id, timeoutMs: 30 * minuteMs });
  await services.transactions.addPartitions({ ...id, ...producer, partitions: [{ topic: "kept", partitions: [0] }] });
}

/** Kinds of calls by whole hours since the start. */
function callsByHour({ invocations }: SimulatedCloud): readonly string[] {
  return invocations.map(({ name, atMs, duty }) => {
    const kind = duty === "" ? "" : ` ${(JSON.parse(duty) as { readonly kind: string }).kind}`;
    return `${Math.floor(atMs / hourMs)} h ${name}${kind}`;
  });
}

/** Lets the time pass, and expects that nothing is called and no store is asked. */
async function expectIdle(cloud: SimulatedCloud, ms: number): Promise<void> {
  cloud.requests.reset();
  const before = cloud.invocations.length;
  await cloud.advance(ms);
  expect(cloud.invocations.slice(before)).toEqual([]);
  expect(cloud.requests.total()).toBe(0);
}

async function earliest(cloud: SimulatedCloud, topic: string): Promise<number> {
  return (await cloud.container().fetch.listOffset(ns, topic, 0, { at: "earliest" })).offset;
}

describe("a deployment that nobody uses any more", () => {
  test("ends what was open, collects, and then calls nothing for an hour, a day and a month", async () => {
    const cloud = new SimulatedCloud();
    await useEverything(cloud);
    await cloud.advance(2 * dayMs);
    expect(cloud.failed).toEqual([]);
    // Of everything that was asked for once; containers of nine appends asked for a sealer each.
    expect([...new Set(callsByHour(cloud))]).toEqual([
      "0 h reap reap",
      "0 h seal seal",
      "0 h reap transaction",
      // What the sealers and the end of the transaction wrote asks for one as well, in the hour after.
      "1 h sweep",
      "1 h seal compact",
      "2 h reap expire",
      // After the grace period of 2 h: the deleted topic, compaction's garbage, looks at what had timers of its own.
      "2 h sweep",
      "3 h sweep",
      "4 h sweep",
      // After the life of a hot entry, 24 h, and the grace period: payloads, and the deleted topic once more.
      "26 h sweep",
    ]);
    expect(cloud.invocations.filter(({ name }) => name === "sweep").length).toBeLessThan(9);
    expect(cloud.scheduled).toEqual([]);
    expect(cloud.memory.store.blobs.list("hot/", { limit: 100 }).blobs).toEqual([]);
    await expectIdle(cloud, hourMs);
    await expectIdle(cloud, dayMs);
    await expectIdle(cloud, 30 * dayMs);
    expect(await earliest(cloud, "kept")).toBe(0);
  });

  test("trims within an hour after a week's retention, and calls nothing between", async () => {
    const cloud = new SimulatedCloud();
    await createTopic(cloud, "week", { "retention.ms": String(7 * dayMs) });
    await produce(cloud, "week", "key", 40_000);
    await cloud.advance(2 * dayMs);
    await expectIdle(cloud, 5 * dayMs);
    expect(await earliest(cloud, "week")).toBe(0);
    await cloud.advance(hourMs);
    expect(await earliest(cloud, "week")).toBe(1);
    await cloud.advance(dayMs);
    // Its descriptor stays, which is no blob: it tells where the log ends.
    expect(cloud.memory.store.blobs.list("segments/", { limit: 100 }).blobs).toEqual([]);
    await expectIdle(cloud, 30 * dayMs);
  });

  test("looks at a znode with a TTL of a month when it is over, and once for the case that nobody did", async () => {
    const cloud = new SimulatedCloud();
    const month = { path: "/month", data: null, mode: "persistent_with_ttl", ttlMs: 30 * dayMs } as const;
    await cloud.container().znodes.create(context, month);
    await cloud.advance(2 * hourMs);
    await expectIdle(cloud, 29 * dayMs);
    const before = cloud.invocations.length;
    await cloud.advance(dayMs);
    expect(cloud.invocations.slice(before).map(({ name }) => name)).toEqual(["reap", "sweep"]);
    await expect(cloud.container().znodes.getData(context, "/month")).rejects.toMatchObject({ code: "NO_NODE" });
    await expectIdle(cloud, 30 * dayMs);
  });

  test("comes to an end also with more blobs than a sweep looks at", async () => {
    const cloud = new SimulatedCloud();
    const topicId = await createTopic(cloud, "many", forever);
    await produce(cloud, "many", "key");
    for (let index = 0; index < 3_000; index += 1) {
      await cloud.memory.storage.blobs.put(hotBlobKey(topicId, 0, `lost-${index}`), [new Uint8Array(1)]);
    }
    await cloud.advance(3 * dayMs);
    expect(cloud.memory.store.blobs.list("hot/", { limit: 1 }).blobs).toEqual([]);
    expect(callsByHour(cloud).filter((call) => call.endsWith("sweep")).length).toBeLessThan(9);
    await expectIdle(cloud, 30 * dayMs);
  });
});

describe("a sweep", () => {
  test("finds what lost messages have left", async () => {
    const cloud = new SimulatedCloud();
    cloud.losesMessages = true;
    await useEverything(cloud);
    await cloud.advance(20 * minuteMs);
    expect(cloud.invocations).toEqual([]);
    cloud.losesMessages = false;
    await cloud.advance(2 * hourMs);
    const services = cloud.container();
    expect(cloud.memory.store.blobs.list("segments/", { limit: 100 }).blobs.length).toBeGreaterThan(3);
    await expect(services.znodes.getData(context, "/ephemeral")).rejects.toMatchObject({ code: "NO_NODE" });
    expect(await services.transactions.describe({ namespace: ns, transactionalId: "tx" })).toMatchObject({
      state: "CompleteAbort",
    });
    await cloud.advance(2 * dayMs);
    await expectIdle(cloud, 30 * dayMs);
  });

  test("is asked for once an hour by each container, and comes once an hour however many they are", async () => {
    const cloud = new SimulatedCloud();
    await createTopic(cloud, "t", forever);
    const containers = Array.from({ length: 10 }, () => cloud.container());
    cloud.created = 0;
    for (let round = 0; round < 60; round += 1) {
      const { produce: appending } = containers[round % 10] ?? cloud.container();
      const record = {
        key: null,
        value: new Uint8Array(1),
        headers: [],
        timestamp: cloud.memory.storage.clock.wallMs(),
      };
      await appending.produceRecords({ namespace: ns, topic: "t", partition: 0, records: [record] });
      await cloud.advance(3 * minuteMs);
    }
    const sweeps = cloud.invocations.filter(({ name }) => name === "sweep").length;
    expect(sweeps).toBeGreaterThanOrEqual(2);
    expect(sweeps).toBeLessThanOrEqual(4);
    const bySealersAndSweeps = cloud.invocations.length;
    expect(cloud.created).toBeLessThanOrEqual(10 * 4 + bySealersAndSweeps);
  });

  test("that fails is tried again, is put aside, and comes again an hour later", async () => {
    const cloud = new SimulatedCloud();
    await cloud.container().namespaces.create("damaged");
    await cloud.container().znodes.create(context, { path: "/a", data: null, mode: "persistent" });
    const damaged = { partition: sessionsPartition("damaged"), sort: "not a session" };
    cloud.memory.store.items.update(damaged, { set: { state: "live" } }, []);
    await cloud.advance(90 * minuteMs);
    expect(cloud.failed).toEqual(["sweep"]);
    expect(callsByHour(cloud)).toEqual(["1 h sweep", "1 h sweep", "1 h sweep"]);
    cloud.memory.store.items.delete(damaged, []);
    await cloud.advance(90 * minuteMs);
    expect(cloud.failed).toEqual(["sweep"]);
    expect(callsByHour(cloud).slice(3)).toEqual(["2 h sweep"]);
    await expectIdle(cloud, 30 * dayMs);
  });

  test("is asked for by queue where Scheduler does not answer; who cannot ask at all is refused, and nothing is appended", async () => {
    const cloud = new SimulatedCloud();
    await createTopic(cloud, "t", forever);
    cloud.schedulerFails = true;
    await produce(cloud, "t", "one");
    cloud.failsMessages = true;
    await expect(produce(cloud, "t", "two")).rejects.toMatchObject({ retriable: true });
    cloud.failsMessages = false;
    const { offset } = await cloud.container().fetch.listOffset(ns, "t", 0, { at: "latest" });
    expect(offset).toBe(1);
    await cloud.advance(14 * minuteMs);
    cloud.schedulerFails = false;
    await cloud.advance(2 * hourMs);
    expect(callsByHour(cloud).filter((call) => /sweep|arm/.test(call))).toContain("0 h seal arm");
    expect(callsByHour(cloud)).toContain("1 h sweep");
    expect(cloud.failed).toEqual([]);
  });
});
