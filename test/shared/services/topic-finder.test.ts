import { describe, expect, test } from "vitest";
import { topicFinder } from "../../../shared/services/topic-finder.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { create } from "../tree/operations.ts";
import { refusal, topicProcess } from "./topic-process.ts";

const ns = "default";

describe("finding a topic", () => {
  test.each([1, 1_000, 10_000])("takes a cold process one request, with %i znodes in the tree", async (count) => {
    const memory = createMemoryStorage();
    const { topics, trees } = topicProcess(memory);
    const { topicId } = await topics.create(ns, { name: "t", partitions: 3, config: { "retention.ms": "5" } });
    const tree = trees.tree(ns);
    for (let start = 0; start < count; start += 1_000) {
      const operations = Array.from({ length: Math.min(1_000, count - start) }, (_, index) =>
        create(`/n${start + index}`),
      );
      expect((await tree.write({ operations })).kind).toBe("done");
    }
    await tree.settled();
    const cold = topicProcess(memory);
    expect(await cold.finder.find(ns, "t")).toEqual({ topicId, partitions: 3, config: { "retention.ms": "5" } });
    expect(cold.counts()).toEqual({ "items.get": 1 });
  });

  test("takes no request for five seconds, by any of the two clocks, and none twice at once", async () => {
    const memory = createMemoryStorage();
    await topicProcess(memory).topics.create(ns, { name: "t" });
    const { finder, counts, process } = topicProcess(memory);
    await Promise.all(Array.from({ length: 10 }, () => finder.find(ns, "t")));
    expect(counts()).toEqual({ "items.get": 1 });
    await memory.time.advance(4_900);
    await finder.find(ns, "t");
    expect(counts()).toEqual({ "items.get": 1 });
    await memory.time.advance(200);
    await finder.find(ns, "t");
    expect(counts()).toEqual({ "items.get": 2 });
    process.stepWall(6_000);
    await finder.find(ns, "t");
    expect(counts()).toEqual({ "items.get": 3 });
  });

  test("sees a change at the latest five seconds after it, and at once after `forget`", async () => {
    const memory = createMemoryStorage();
    const { topics } = topicProcess(memory);
    await topics.create(ns, { name: "t" });
    const { finder } = topicProcess(memory);
    await finder.find(ns, "t");
    await topics.alter(ns, "t", { partitions: 2 });
    expect(await finder.find(ns, "t")).toMatchObject({ partitions: 1 });
    await memory.time.advance(5_001);
    expect(await finder.find(ns, "t")).toMatchObject({ partitions: 2 });
    await topics.alter(ns, "t", { partitions: 3 });
    finder.forget(ns, "t");
    expect(await finder.find(ns, "t")).toMatchObject({ partitions: 3 });
    await topics.delete(ns, "t");
    finder.forget(ns, "t");
    await refusal(finder.find(ns, "t"), "UNKNOWN_TOPIC_OR_PARTITION");
  });

  test("without a cache asks every time", async () => {
    const memory = createMemoryStorage();
    await topicProcess(memory).topics.create(ns, { name: "t" });
    const { storage, trees, namespaces, counts, reset } = topicProcess(memory);
    const finder = topicFinder(storage, trees, namespaces, 0);
    reset();
    await finder.find(ns, "t");
    await finder.find(ns, "t");
    expect(counts()).toEqual({ "items.get": 2 });
  });
});

describe("a process that follows the tree", () => {
  test("hears of a change as soon as it has applied it, and asks for nothing while it knows the tree to be the latest", async () => {
    const memory = createMemoryStorage();
    const { topics } = topicProcess(memory);
    await topics.create(ns, { name: "t" });
    const { finder, trees, counts, reset } = topicProcess(memory);
    await trees.tree(ns).read();
    expect(await finder.find(ns, "t")).toMatchObject({ partitions: 1 });
    await topics.alter(ns, "t", { partitions: 2 });
    // Whatever reads the tree hears of it for all.
    await trees.tree(ns).read();
    reset();
    expect(await finder.find(ns, "t")).toMatchObject({ partitions: 2 });
    expect(counts()).toEqual({ "logs.readFrom": 1 });
    for (let minute = 0; minute < 3; minute += 1) {
      await memory.time.advance(4_000);
      await trees.tree(ns).read();
      reset();
      expect(await finder.find(ns, "t")).toMatchObject({ partitions: 2 });
      expect(counts()).toEqual({});
    }
    await topics.delete(ns, "t");
    await trees.tree(ns).read();
    await refusal(finder.find(ns, "t"), "UNKNOWN_TOPIC_OR_PARTITION");
  });

  test("brings all topics up to date with one query, and remembers nothing of a tree that was rebuilt", async () => {
    const memory = createMemoryStorage();
    const { topics } = topicProcess(memory);
    for (const name of ["t", "u", "v"]) await topics.create(ns, { name });
    const { finder, trees, counts, reset } = topicProcess(memory);
    await trees.tree(ns).read();
    const all = async (): Promise<readonly number[]> => {
      const found = await Promise.all(["t", "u", "v"].map((name) => finder.find(ns, name)));
      return found.map(({ partitions }) => partitions);
    };
    await all();
    await topics.alter(ns, "u", { partitions: 2 });
    await memory.time.advance(5_001);
    reset();
    expect(await all()).toEqual([1, 2, 1]);
    expect(counts()["logs.readFrom"]).toBeLessThanOrEqual(2);
    // Longer than the tree may be followed without a look: it is rebuilt, and events were missed.
    await memory.time.advance(2 * 3_600_000);
    await topics.alter(ns, "v", { partitions: 3 });
    expect(await all()).toEqual([1, 2, 3]);
  });
});

describe("a topic that is not there", () => {
  test("is looked for in the tree before that is said, and then not for a second", async () => {
    const memory = createMemoryStorage();
    const { topics } = topicProcess(memory);
    await topics.create(ns, { name: "t" });
    const { finder, counts, reset } = topicProcess(memory);
    await refusal(finder.find(ns, "u"), "UNKNOWN_TOPIC_OR_PARTITION");
    expect(counts()).toEqual({ "items.get": 1, "logs.readLast": 1, "logs.readFrom": 1 });
    reset();
    await refusal(finder.find(ns, "u"), "UNKNOWN_TOPIC_OR_PARTITION");
    expect(counts()).toEqual({});
    await memory.time.advance(1_001);
    await topics.create(ns, { name: "u" });
    expect(await finder.find(ns, "u")).toMatchObject({ partitions: 1 });
    expect(counts()).toEqual({ "logs.readFrom": 1 });
  });

  test("costs one request a second when warm, however many ask", async () => {
    const memory = createMemoryStorage();
    const { finder, counts, reset } = topicProcess(memory);
    await refusal(finder.find(ns, "warm"), "UNKNOWN_TOPIC_OR_PARTITION");
    reset();
    await Promise.all(Array.from({ length: 50 }, () => refusal(finder.find(ns, "u"), "UNKNOWN_TOPIC_OR_PARTITION")));
    expect(counts()).toEqual({ "logs.readFrom": 1 });
  });

  test("or cannot be, by its name or its namespace's, costs no request", async () => {
    const { finder, total } = topicProcess(createMemoryStorage());
    await refusal(finder.find(ns, "a/b"), "INVALID_TOPIC_EXCEPTION");
    await refusal(finder.find("No", "t"), "UNKNOWN_NAMESPACE");
    await refusal(finder.find("x".repeat(10_000), "t"), "UNKNOWN_NAMESPACE");
    expect(total()).toBe(0);
  });

  test("in a namespace that is not there is said to be the namespace's fault", async () => {
    const { finder, namespaces } = topicProcess(createMemoryStorage());
    await refusal(finder.find("team", "t"), "UNKNOWN_NAMESPACE");
    await namespaces.create("team");
    await refusal(finder.find("team", "t"), "UNKNOWN_TOPIC_OR_PARTITION");
  });
});

describe("a store that fails", () => {
  test("is no proof that there is no topic", async () => {
    const memory = createMemoryStorage();
    await topicProcess(memory).topics.create(ns, { name: "t" });
    const { finder } = topicProcess(memory);
    memory.store.failNext("items.get", "throttled");
    await refusal(finder.find(ns, "t"), "THROTTLING_QUOTA_EXCEEDED");
    memory.store.failNext("items.get", "timeoutBefore");
    await refusal(finder.find(ns, "t"), "KAFKA_STORAGE_ERROR");
    expect(await finder.find(ns, "t")).toMatchObject({ partitions: 1 });
  });
});
