import { describe, expect, test } from "vitest";
import type { TopicDescription } from "../../../shared/services/services.ts";
import { healProjections } from "../../../shared/services/heal-projections.ts";
import { readProjection } from "../../../shared/services/topic-projection.ts";
import { garbagePartition, topicKey } from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { RequestName } from "../../../shared/storage/request-name.ts";
import { findTopic } from "../../../shared/topics/topic-znodes.ts";
import { refusal, type TopicProcess, topicProcess } from "./topic-process.ts";

const ns = "default";

async function garbage(memory: MemoryStorage): Promise<readonly string[]> {
  const { items } = await memory.storage.items.query(garbagePartition, { limit: 1_000 });
  return items.map((item) => item.key.sort);
}

/** The process ends at its next request of that name, before it is sent. */
function dieAt(process: TopicProcess, name: RequestName): void {
  const [port, method] = name.split(".") as ["items", "update"];
  const target = process.storage[port] as unknown as Record<string, (...parameters: unknown[]) => Promise<unknown>>;
  target[method] = () => {
    process.process.kill();
    return new Promise(() => undefined);
  };
}

describe("a process that ends between the tree's commit and the projection", () => {
  interface Crashed {
    readonly memory: MemoryStorage;
    readonly created: TopicDescription;
  }

  /** A topic with two partitions, of which `act` is the last that its process ever did: it stops before the first item is written. */
  async function crashAfter(act: (process: TopicProcess) => Promise<unknown>, name: RequestName): Promise<Crashed> {
    const memory = createMemoryStorage();
    const created = await topicProcess(memory).topics.create(ns, { name: "t", partitions: 2 });
    const crashing = topicProcess(memory);
    await crashing.finder.find(ns, "t");
    await crashing.topics.describe(ns, "t");
    dieAt(crashing, name);
    void act(crashing);
    await memory.time.advance(1_000);
    return { memory, created };
  }

  const heals: readonly [string, (process: TopicProcess) => Promise<unknown>][] = [
    ["describe", ({ topics }) => topics.describe(ns, "t").catch(() => undefined)],
    ["alter", ({ topics }) => topics.alter(ns, "t", {}).catch(() => undefined)],
    ["a creation that is refused", ({ topics }) => topics.create(ns, { name: "t" }).catch(() => undefined)],
    ["the sweep", ({ storage, trees }) => healProjections(storage, trees, ns)],
  ];

  test.each(heals)("leaves an alteration that %s brings to the projection", async (_, heal) => {
    const { memory, created } = await crashAfter(
      ({ topics }) => topics.alter(ns, "t", { partitions: 5 }),
      "items.update",
    );
    expect((await readProjection(memory.storage, ns, "t"))?.topic).toMatchObject({ partitions: 2 });
    await heal(topicProcess(memory));
    expect((await readProjection(memory.storage, ns, "t"))?.topic).toEqual({
      topicId: created.topicId,
      partitions: 5,
      config: {},
    });
    expect(await garbage(memory)).toEqual([]);
  });

  test.each([
    ["describe", heals[0]?.[1]],
    ["a deletion that is refused", ({ topics }: TopicProcess) => topics.delete(ns, "t").catch(() => undefined)],
    ["the sweep", heals[3]?.[1]],
  ])("leaves a deletion that %s brings to the projection, with its garbage", async (_, heal) => {
    const { memory, created } = await crashAfter(({ topics }) => topics.delete(ns, "t"), "items.update");
    expect((await readProjection(memory.storage, ns, "t"))?.topic).toBeDefined();
    await heal?.(topicProcess(memory));
    expect((await readProjection(memory.storage, ns, "t"))?.topic).toBeUndefined();
    expect(await garbage(memory)).toEqual([created.topicId]);
  });

  test("leaves a deletion that the next creation of the name brings to the projection, with its garbage", async () => {
    const { memory, created } = await crashAfter(({ topics }) => topics.delete(ns, "t"), "items.update");
    const again = await topicProcess(memory).topics.create(ns, { name: "t" });
    expect((await readProjection(memory.storage, ns, "t"))?.topic).toMatchObject({
      topicId: again.topicId,
      partitions: 1,
    });
    expect(await garbage(memory)).toEqual([created.topicId]);
  });

  test("leaves nothing of a topic that no item ever told of, but its garbage", async () => {
    const memory = createMemoryStorage();
    const crashing = topicProcess(memory);
    dieAt(crashing, "items.update");
    void crashing.topics.create(ns, { name: "t" });
    await memory.time.advance(1_000);
    const deleting = topicProcess(memory);
    const { topicId } = findTopic(await deleting.trees.tree(ns).read(), "t") ?? {};
    const { logs } = deleting.storage;
    const put = logs.putIfAbsent.bind(logs);
    logs.putIfAbsent = async (entry) => {
      await put(entry);
      deleting.process.kill();
      return await new Promise(() => undefined);
    };
    void deleting.topics.delete(ns, "t");
    await memory.time.advance(1_000);
    const { storage, trees, topics } = topicProcess(memory);
    await refusal(topics.describe(ns, "t"), "UNKNOWN_TOPIC_OR_PARTITION");
    await healProjections(storage, trees, ns);
    expect(await garbage(memory)).toEqual([topicId]);
  });

  test("leaves a creation that is found all the same, and found by one request from then on", async () => {
    const memory = createMemoryStorage();
    const crashing = topicProcess(memory);
    dieAt(crashing, "items.update");
    void crashing.topics.create(ns, { name: "t", partitions: 2 });
    await memory.time.advance(1_000);
    expect(await readProjection(memory.storage, ns, "t")).toBeUndefined();
    const finding = topicProcess(memory);
    const found = await finding.finder.find(ns, "t");
    expect(found).toMatchObject({ partitions: 2 });
    const next = topicProcess(memory);
    expect(await next.finder.find(ns, "t")).toEqual(found);
    expect(next.counts()).toEqual({ "items.get": 1 });
  });

  test("leaves a creation that the sweep brings to a projection", async () => {
    const memory = createMemoryStorage();
    const crashing = topicProcess(memory);
    dieAt(crashing, "items.update");
    void crashing.topics.create(ns, { name: "t" });
    await memory.time.advance(1_000);
    const { storage, trees } = topicProcess(memory);
    await healProjections(storage, trees, ns);
    expect((await readProjection(memory.storage, ns, "t"))?.topic).toMatchObject({ partitions: 1 });
  });
});

describe("projections", () => {
  test("of a process that was frozen do not go back in time", async () => {
    const memory = createMemoryStorage();
    const slow = topicProcess(memory);
    const { topics } = topicProcess(memory);
    await topics.create(ns, { name: "t" });
    // The slow one has decided, and stands still before it writes its item.
    const { update } = slow.storage.items;
    let goOn = (): void => undefined;
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    slow.storage.items.update = async (...parameters) => (
      await gate,
      await update.apply(slow.storage.items, parameters)
    );
    const altering = slow.topics.alter(ns, "t", { partitions: 2 });
    await memory.time.advance(100);
    const { topicId } = await topics.alter(ns, "t", { partitions: 3 });
    await topics.delete(ns, "t");
    const again = await topics.create(ns, { name: "t", partitions: 7 });
    goOn();
    await altering;
    expect((await readProjection(memory.storage, ns, "t"))?.topic).toEqual({
      topicId: again.topicId,
      partitions: 7,
      config: {},
    });
    expect(await garbage(memory)).toEqual([topicId]);
  });

  test("that cannot be written make the answer unknown, although the tree has decided", async () => {
    const memory = createMemoryStorage();
    const { topics } = topicProcess(memory);
    memory.store.failNext("items.update", "throttled", 100);
    const unclear = await refusal(topics.create(ns, { name: "t", idempotencyKey: "k" }), "REQUEST_TIMED_OUT");
    expect(unclear.effect).toBe("unknown");
    memory.store.setFaults({});
    expect(await topicProcess(memory).finder.find(ns, "t")).toMatchObject({ partitions: 1 });
  });

  test("of topics that are long gone are forgotten by the sweep, and not before", async () => {
    const memory = createMemoryStorage();
    const { topics, storage, trees } = topicProcess(memory);
    await topics.create(ns, { name: "t" });
    await topics.delete(ns, "t");
    await topics.create(ns, { name: "u" });
    await memory.time.advance(24 * 3_600_000);
    await healProjections(storage, trees, ns);
    expect(await memory.storage.items.get(topicKey(ns, "t"))).toBeDefined();
    await memory.time.advance(3 * 3_600_000);
    await healProjections(storage, trees, ns);
    expect(await memory.storage.items.get(topicKey(ns, "t"))).toBeUndefined();
    expect(await memory.storage.items.get(topicKey(ns, "u"))).toBeDefined();
  });
});
