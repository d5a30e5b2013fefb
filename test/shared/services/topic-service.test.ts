import { describe, expect, test } from "vitest";
import { readProjection } from "../../../shared/services/topic-projection.ts";
import { garbageKey } from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Operation } from "../../../shared/tree/tree-request.ts";
import { dump, remove, setData } from "../tree/operations.ts";
import { refusal, type TopicProcess, topicProcess } from "./topic-process.ts";

const ns = "default";
const json = (value: string | null | undefined): unknown => JSON.parse(value ?? "null");

async function write(process: TopicProcess, ...operations: readonly Operation[]): Promise<void> {
  const result = await process.trees.tree(ns).write({ operations });
  expect(result.kind).toBe("done");
}

describe("creating a topic", () => {
  test("writes both znodes in Kafka's layout, with their parents, in one put", async () => {
    const memory = createMemoryStorage();
    const { topics, trees, counts } = topicProcess(memory);
    const created = await topics.create(ns, { name: "orders", partitions: 3, config: { "retention.ms": "5" } });
    expect(created).toEqual({
      name: "orders",
      topicId: expect.stringMatching(/^[\w-]{22}$/),
      partitions: 3,
      config: { "retention.ms": "5" },
      createdAtMs: memory.store.wallMs(),
    });
    const { nodes, zxid } = dump(await trees.tree(ns).read());
    expect(zxid).toBe(1);
    expect(json(nodes["/brokers/topics/orders"]?.data)).toEqual({
      version: 3,
      topic_id: created.topicId,
      partitions: { 0: [], 1: [], 2: [] },
      adding_replicas: {},
      removing_replicas: {},
    });
    expect(json(nodes["/config/topics/orders"]?.data)).toEqual({ version: 1, config: { "retention.ms": "5" } });
    expect(nodes["/brokers"]?.data).toBeNull();
    expect(counts()["logs.putIfAbsent"]).toBe(1);
  });

  test("takes the default number of partitions, and lets other processes describe and find it", async () => {
    const memory = createMemoryStorage();
    const created = await topicProcess(memory).topics.create(ns, { name: "t" });
    expect(created.partitions).toBe(1);
    const other = topicProcess(memory);
    expect(await other.topics.describe(ns, "t")).toEqual(created);
    expect(await other.finder.find(ns, "t")).toEqual({ topicId: created.topicId, partitions: 1, config: {} });
  });

  const refused: readonly [string, Parameters<TopicProcess["topics"]["create"]>[1], string][] = [
    ["an empty name", { name: "" }, "INVALID_TOPIC_EXCEPTION"],
    ["a dot", { name: "." }, "INVALID_TOPIC_EXCEPTION"],
    ["two dots", { name: ".." }, "INVALID_TOPIC_EXCEPTION"],
    ["a slash", { name: "a/b" }, "INVALID_TOPIC_EXCEPTION"],
    ["a space", { name: "a b" }, "INVALID_TOPIC_EXCEPTION"],
    ["a letter beyond ASCII", { name: "é" }, "INVALID_TOPIC_EXCEPTION"],
    ["250 characters", { name: "x".repeat(250) }, "INVALID_TOPIC_EXCEPTION"],
    ["a reserved name", { name: "__znode_changes" }, "INVALID_TOPIC_EXCEPTION"],
    ["no partition", { name: "t", partitions: 0 }, "INVALID_PARTITIONS"],
    ["half a partition", { name: "t", partitions: 1.5 }, "INVALID_PARTITIONS"],
    ["too many partitions", { name: "t", partitions: 10_001 }, "INVALID_PARTITIONS"],
    ["an unknown key", { name: "t", config: { nonsense: "1" } }, "INVALID_CONFIG"],
    ["no policy", { name: "t", config: { "cleanup.policy": "" } }, "INVALID_CONFIG"],
    ["too long a key for idempotency", { name: "t", idempotencyKey: "k".repeat(129) }, "BAD_ARGUMENTS"],
  ];
  test.each(refused)("refuses %s, and writes nothing", async (_, topic, code) => {
    const memory = createMemoryStorage();
    const { topics, counts } = topicProcess(memory);
    await refusal(topics.create(ns, topic), code);
    expect(counts()["logs.putIfAbsent"] ?? 0).toBe(0);
    expect(counts()["items.update"] ?? 0).toBe(0);
  });

  test("takes names of 249 characters, and of dots among others", async () => {
    const { topics } = topicProcess(createMemoryStorage());
    for (const name of ["x".repeat(249), "...", "-", "__consumer_offsets"]) {
      expect((await topics.create(ns, { name })).name).toBe(name);
    }
  });

  test("refuses a name that exists, and one that differs only in . and _", async () => {
    const { topics } = topicProcess(createMemoryStorage());
    await topics.create(ns, { name: "a.b_c" });
    await refusal(topics.create(ns, { name: "a.b_c" }), "TOPIC_ALREADY_EXISTS");
    for (const name of ["a_b_c", "a.b.c", "a_b.c"]) {
      expect((await refusal(topics.create(ns, { name }), "INVALID_TOPIC_EXCEPTION")).message).toContain("a.b_c");
    }
    await topics.create(ns, { name: "a-b-c" });
  });

  test("of one name by many processes at once succeeds once", async () => {
    const memory = createMemoryStorage();
    const processes = Array.from({ length: 4 }, () => topicProcess(memory));
    const outcomes = await Promise.all(
      processes.map(({ topics }) => topics.create(ns, { name: "t" }).catch((cause: { code: string }) => cause.code)),
    );
    expect(outcomes.filter((outcome) => outcome === "TOPIC_ALREADY_EXISTS")).toHaveLength(3);
  });

  test("of names that collide, by many processes at once, succeeds once", async () => {
    const names = ["c.d.e", "c_d.e", "c.d_e", "c_d_e"];
    for (let seed = 1; seed <= 10; seed += 1) {
      const memory = createMemoryStorage({ seed, delays: { wayMsMin: 1, wayMsMax: 5 } });
      const create = (name: string): Promise<unknown> =>
        topicProcess(memory)
          .topics.create(ns, { name })
          .catch((cause: { code: string }) => cause.code);
      const outcomes = await memory.time.run(async () => {
        if (seed % 2 === 0) await create("first");
        return await Promise.all(names.map(create));
      });
      const failed = outcomes.filter((outcome) => outcome === "INVALID_TOPIC_EXCEPTION");
      expect(failed, `seed ${seed}`).toHaveLength(names.length - 1);
    }
  });

  test("again after a deletion makes another topic", async () => {
    const { topics, finder } = topicProcess(createMemoryStorage());
    const first = await topics.create(ns, { name: "t", partitions: 4 });
    await topics.delete(ns, "t");
    const second = await topics.create(ns, { name: "t" });
    expect(second.topicId).not.toBe(first.topicId);
    expect(await finder.find(ns, "t")).toEqual({ topicId: second.topicId, partitions: 1, config: {} });
  });

  test("goes over a configuration that was left at its name", async () => {
    const process = topicProcess(createMemoryStorage());
    await process.topics.create(ns, { name: "t", config: { "retention.ms": "1" } });
    await write(process, remove("/brokers/topics/t"));
    expect(await process.topics.create(ns, { name: "t" })).toMatchObject({ config: {} });
    expect(await process.topics.describe(ns, "t")).toMatchObject({ config: {} });
  });
});

describe("altering a topic", () => {
  test("adds partitions, sets and removes keys, and leaves the others", async () => {
    const memory = createMemoryStorage();
    const { topics } = topicProcess(memory);
    const created = await topics.create(ns, { name: "t", config: { "retention.ms": "5", "segment.ms": "6" } });
    const config = { "retention.ms": null, "retention.bytes": "7", "flush.ms": null };
    const altered = await topics.alter(ns, "t", { partitions: 3, config });
    expect(altered).toEqual({ ...created, partitions: 3, config: { "segment.ms": "6", "retention.bytes": "7" } });
    const other = topicProcess(memory);
    expect(await other.topics.describe(ns, "t")).toEqual(altered);
    expect(await other.finder.find(ns, "t")).toMatchObject({ partitions: 3, config: altered.config });
  });

  test("changes one of the two and nothing else", async () => {
    const { topics } = topicProcess(createMemoryStorage());
    const created = await topics.create(ns, { name: "t", partitions: 2, config: { "retention.ms": "5" } });
    expect(await topics.alter(ns, "t", { partitions: 3 })).toEqual({ ...created, partitions: 3 });
    expect(await topics.alter(ns, "t", { config: { "retention.ms": "6" } })).toMatchObject({
      partitions: 3,
      config: { "retention.ms": "6" },
    });
    expect(await topics.alter(ns, "t", {})).toMatchObject({ partitions: 3 });
  });

  test("refuses fewer or as many partitions, a bad configuration and an unknown topic", async () => {
    const { topics } = topicProcess(createMemoryStorage());
    await topics.create(ns, { name: "t", partitions: 2, config: { "min.compaction.lag.ms": "5" } });
    expect((await refusal(topics.alter(ns, "t", { partitions: 2 }), "INVALID_PARTITIONS")).details).toEqual({
      partitions: 2,
    });
    await refusal(topics.alter(ns, "t", { partitions: 1 }), "INVALID_PARTITIONS");
    await refusal(topics.alter(ns, "t", { partitions: 10_001 }), "INVALID_PARTITIONS");
    await refusal(topics.alter(ns, "t", { partitions: 5, config: { "retention.ms": "x" } }), "INVALID_CONFIG");
    await refusal(topics.alter(ns, "t", { config: { "max.compaction.lag.ms": "4" } }), "INVALID_CONFIG");
    await refusal(topics.alter(ns, "u", { partitions: 5 }), "UNKNOWN_TOPIC_OR_PARTITION");
    expect(await topics.describe(ns, "t")).toMatchObject({ partitions: 2 });
  });

  test("by many processes at once loses none of the changes", async () => {
    const memory = createMemoryStorage();
    await topicProcess(memory).topics.create(ns, { name: "t" });
    const keys = ["retention.ms", "retention.bytes", "segment.ms", "flush.ms"];
    await Promise.all(keys.map((key) => topicProcess(memory).topics.alter(ns, "t", { config: { [key]: "5000000" } })));
    const { config } = await topicProcess(memory).topics.describe(ns, "t");
    expect(Object.keys(config).toSorted()).toEqual(keys.toSorted());
    expect((await readProjection(memory.storage, ns, "t"))?.topic?.config).toEqual(config);
  });
});

describe("deleting a topic", () => {
  test("takes both znodes and leaves a tombstone and a piece of garbage", async () => {
    const memory = createMemoryStorage();
    const { topics, finder, trees } = topicProcess(memory);
    const { topicId } = await topics.create(ns, { name: "t", partitions: 3 });
    await topics.delete(ns, "t");
    await refusal(topics.describe(ns, "t"), "UNKNOWN_TOPIC_OR_PARTITION");
    await refusal(topics.delete(ns, "t"), "UNKNOWN_TOPIC_OR_PARTITION");
    await refusal(finder.find(ns, "t"), "UNKNOWN_TOPIC_OR_PARTITION");
    expect(Object.keys(dump(await trees.tree(ns).read()).nodes)).not.toContain("/config/topics/t");
    expect(await readProjection(memory.storage, ns, "t")).toEqual({ mzxid: 2, topic: undefined });
    const item = await memory.storage.items.get(garbageKey(topicId));
    expect(item?.attributes).toEqual({ namespace: ns, topic: "t", partitions: 3, deletedAtMs: memory.store.wallMs() });
  });

  test("refuses one below whose znode something was created by hand", async () => {
    const process = topicProcess(createMemoryStorage());
    await process.topics.create(ns, { name: "t" });
    await write(process, { kind: "create", path: "/brokers/topics/t/x", data: null, mode: "persistent" });
    await refusal(process.topics.delete(ns, "t"), "NOT_EMPTY");
    expect(await process.topics.describe(ns, "t")).toMatchObject({ name: "t" });
  });
});

describe("listing topics", () => {
  test("pages through all names in order, whatever changes beside it", async () => {
    const { topics } = topicProcess(createMemoryStorage());
    const names = ["b", "a", "c.1", "c-1", "Z", "_x", "10"];
    for (const name of names) await topics.create(ns, { name, partitions: 2 });
    const found: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await topics.list(ns, { limit: 2, ...(nextToken === undefined ? {} : { nextToken }) });
      expect(page.items.every(({ topicId, partitions }) => topicId.length === 22 && partitions === 2)).toBe(true);
      found.push(...page.items.map(({ name }) => name));
      ({ nextToken } = page);
    } while (nextToken !== undefined);
    expect(found).toEqual(names.toSorted());
  });

  test("is empty before the first topic, and refuses tokens and limits that it did not give", async () => {
    const { topics } = topicProcess(createMemoryStorage());
    expect(await topics.list(ns, { limit: 10 })).toEqual({ items: [] });
    await refusal(topics.list(ns, { limit: 0 }), "BAD_ARGUMENTS");
    await refusal(topics.list(ns, { limit: 1_001 }), "BAD_ARGUMENTS");
    await refusal(topics.list(ns, { limit: 10, nextToken: "a/b" }), "BAD_ARGUMENTS");
  });

  test("leaves out znodes that are no topics", async () => {
    const process = topicProcess(createMemoryStorage());
    await process.topics.create(ns, { name: "good" });
    const bad = [
      "",
      "no json",
      "[]",
      '{"topic_id":"x"}',
      '{"topic_id":"x","partitions":{"1":[]}}',
      '{"topic_id":"a/b","partitions":{"0":[]}}',
    ];
    for (const [index, data] of bad.entries()) {
      const path = `/brokers/topics/bad${index}`;
      await write(process, { kind: "create", path, data: new TextEncoder().encode(data), mode: "persistent" });
      await refusal(process.topics.describe(ns, `bad${index}`), "UNKNOWN_TOPIC_OR_PARTITION");
      await refusal(process.topics.create(ns, { name: `bad${index}` }), "TOPIC_ALREADY_EXISTS");
    }
    await write(process, setData("/config/topics/good", "no json"));
    expect((await process.topics.list(ns, { limit: 100 })).items).toMatchObject([{ name: "good" }]);
    expect(await process.topics.describe(ns, "good")).toMatchObject({ config: {} });
  });
});

describe("a repeated request with an idempotency key", () => {
  test("creates once, in any process, and answers with the topic as it is", async () => {
    const memory = createMemoryStorage();
    const request = { name: "t", partitions: 2, idempotencyKey: "k1" };
    const created = await topicProcess(memory).topics.create(ns, request);
    expect(await topicProcess(memory).topics.create(ns, request)).toEqual(created);
    await topicProcess(memory).topics.alter(ns, "t", { partitions: 3 });
    expect(await topicProcess(memory).topics.create(ns, request)).toEqual({ ...created, partitions: 3 });
    await refusal(topicProcess(memory).topics.create(ns, { ...request, partitions: 4 }), "BAD_ARGUMENTS");
    await topicProcess(memory).topics.delete(ns, "t");
    await refusal(topicProcess(memory).topics.create(ns, request), "UNKNOWN_TOPIC_OR_PARTITION");
    await topicProcess(memory).topics.create(ns, { name: "t" });
    await refusal(topicProcess(memory).topics.create(ns, request), "UNKNOWN_TOPIC_OR_PARTITION");
  });

  test("alters and deletes once", async () => {
    const memory = createMemoryStorage();
    const { topics } = topicProcess(memory);
    await topics.create(ns, { name: "t" });
    const change = { partitions: 2, config: { "retention.ms": "5" }, idempotencyKey: "k2" };
    const altered = await topics.alter(ns, "t", change);
    expect(await topicProcess(memory).topics.alter(ns, "t", change)).toEqual(altered);
    await topics.delete(ns, "t", { idempotencyKey: "k3" });
    await topicProcess(memory).topics.delete(ns, "t", { idempotencyKey: "k3" });
    await refusal(topics.delete(ns, "u", { idempotencyKey: "k3" }), "BAD_ARGUMENTS");
    await refusal(topics.delete(ns, "t", { idempotencyKey: "k4" }), "UNKNOWN_TOPIC_OR_PARTITION");
  });

  test("clears up a creation whose answer was lost", async () => {
    const memory = createMemoryStorage();
    const { topics } = topicProcess(memory);
    memory.store.failNext("logs.putIfAbsent", "timeoutAfter", 5);
    const lost = await refusal(topics.create(ns, { name: "t", idempotencyKey: "k" }), "REQUEST_TIMED_OUT");
    expect(lost).toMatchObject({ effect: "unknown", retriable: true });
    expect(await topicProcess(memory).topics.create(ns, { name: "t", idempotencyKey: "k" })).toMatchObject({
      name: "t",
    });
    await refusal(topics.create(ns, { name: "t" }), "TOPIC_ALREADY_EXISTS");
  });
});
