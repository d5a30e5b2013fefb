import { beforeEach, describe, expect, test } from "vitest";
import { shareSkewMs } from "../../../shared/limits/share-groups.ts";
import { groupKey, sharePartition } from "../../../shared/storage/item-keys.ts";
import { group, namespace, ShareWorld, valuesOf } from "./share-world.ts";
import { refusal } from "./topic-process.ts";

const lockMs = 30_000;
let world: ShareWorld;

beforeEach(() => {
  world = new ShareWorld();
});

const range = (firstOffset: number, lastOffset: number, type: "accept" | "release" | "reject" | "renew") => ({
  topic: "jobs",
  partition: 0,
  firstOffset,
  lastOffset,
  type,
});

describe("acquire", () => {
  test("gives each record to one worker, whichever process it asks", async () => {
    await world.prepare();
    await world.produce(["a", "b", "c", "d", "e"]);
    const other = world.start();
    const first = await world.observer.acquire({ maxRecords: 2 });
    const second = await other.acquire({ maxRecords: 2, memberId: "v" });
    expect([valuesOf(first), valuesOf(second)]).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    expect(first.lockMs).toBe(lockMs);
    expect(first.records[0]).toMatchObject({ topic: "jobs", partition: 0, offset: 0, deliveryCount: 1 });
    expect(valuesOf(await world.observer.acquire())).toEqual(["e"]);
    expect(valuesOf(await other.acquire())).toEqual([]);
  });

  test("delivers a record again when its lock is over, with its count", async () => {
    await world.prepare();
    await world.produce(["a"]);
    await world.observer.acquire();
    await world.advance(lockMs + shareSkewMs - 1);
    expect(valuesOf(await world.start().acquire())).toEqual([]);
    await world.advance(1);
    expect((await world.start().acquire({ memberId: "v" })).records).toMatchObject([{ deliveryCount: 2 }]);
    expect(await world.observer.accept([{ topic: "jobs", partition: 0, offset: 0 }])).toBe(false);
  });

  test("begins at the end of a topic by default, and at the start of partitions that are added", async () => {
    await world.observer.topics.create(namespace, { name: "jobs", partitions: 1 });
    await world.produce(["old"]);
    expect(valuesOf(await world.observer.acquire())).toEqual([]);
    await world.produce(["new"]);
    expect(valuesOf(await world.observer.acquire())).toEqual(["new"]);
    await world.observer.topics.alter(namespace, "jobs", { partitions: 2 });
    await world.produce(["added"], 1);
    expect(valuesOf(await world.observer.acquire())).toEqual(["added"]);
  });

  test("finds records in any of many partitions, and returns at most what was asked for", async () => {
    await world.prepare({ partitions: 20 });
    for (let partition = 0; partition < 20; partition += 1) await world.produce([`x${partition}`], partition);
    const values: string[] = [];
    for (let call = 0; call < 40 && values.length < 20; call += 1) {
      const found = valuesOf(await world.observer.acquire({ maxRecords: 3 }));
      expect(found.length).toBeLessThanOrEqual(3);
      expect(found.length).toBeGreaterThan(0);
      values.push(...found);
    }
    expect(new Set(values).size).toBe(20);
  });

  test("keeps to maxBytes, but for one record that is larger", async () => {
    await world.prepare();
    await world.produce(["a".repeat(1_000), "b".repeat(400), "c".repeat(400), "d"]);
    const lengths = async () => valuesOf(await world.observer.acquire({ maxBytes: 1_609 })).map(({ length }) => length);
    expect(await lengths()).toEqual([1_000]);
    expect(await lengths()).toEqual([400, 400]);
    expect(await lengths()).toEqual([1]);
  });

  test("waits for records, and for locks that run out", async () => {
    await world.prepare();
    const waiting = world.observer.acquire({ waitMs: 20_000 });
    await world.advance(2_000);
    await world.produce(["late"]);
    await world.advance(10);
    expect(valuesOf(await waiting)).toEqual(["late"]);
    await world.advance(lockMs - 5_000);
    const again = world.start().acquire({ waitMs: 20_000 });
    await world.advance(5_000 + shareSkewMs + 50);
    expect((await again).records).toMatchObject([{ deliveryCount: 2 }]);
  });

  test("gives nothing after an empty wait, or when the caller has gone", async () => {
    await world.prepare();
    const waiting = world.observer.acquire({ waitMs: 3_000 });
    await world.advance(3_100);
    expect(valuesOf(await waiting)).toEqual([]);
    const gone = new AbortController();
    const left = world.observer.acquire({ waitMs: 20_000, signal: gone.signal });
    await world.advance(100);
    gone.abort();
    await world.advance(1);
    expect(valuesOf(await left)).toEqual([]);
  });

  test("passes over what retention has taken", async () => {
    await world.prepare();
    await world.produce(["a", "b", "c", "d"]);
    await world.observer.acquire({ maxRecords: 2 });
    await world.observer.truncate.truncate(namespace, "jobs", 0, 3);
    expect(valuesOf(await world.observer.acquire())).toEqual(["d"]);
    const { partitions } = await world.observer.shareGroups.describe(group);
    expect(partitions).toMatchObject([{ startOffset: 3, acquired: 1, lag: 1 }]);
  });

  test("reads a topic that was made again under its name from its own start", async () => {
    await world.prepare();
    await world.produce(["a", "b"]);
    await world.observer.accept((await world.observer.acquire()).records);
    await world.observer.topics.delete(namespace, "jobs");
    await world.observer.topics.create(namespace, { name: "jobs" });
    await world.produce(["again"]);
    expect(valuesOf(await world.observer.acquire())).toEqual(["again"]);
  });

  test.each([
    ["no topic", { topics: [] }, "INVALID_REQUEST"],
    ["a topic that there is not", { topics: ["none"] }, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["too many records", { maxRecords: 1_001 }, "INVALID_REQUEST"],
    ["a worker without a name", { memberId: "" }, "INVALID_REQUEST"],
    ["a group with too long a name", { group: "g".repeat(250) }, "INVALID_GROUP_ID"],
    ["a namespace that there is not", { namespace: "none" }, "UNKNOWN_NAMESPACE"],
    ["the group's own dead-letter topic", { topics: ["dead"] }, "INVALID_REQUEST"],
  ])("refuses %s", async (_, request, code) => {
    await world.prepare({ deadLetterTopic: "dead" });
    await refusal(world.observer.acquire(request), code);
  });
});

describe("acknowledge", () => {
  beforeEach(async () => {
    await world.prepare();
    await world.produce(["a", "b", "c", "d", "e"]);
  });

  test("accepts, releases and rejects ranges, each for itself", async () => {
    await world.observer.acquire();
    const acknowledgements = [
      range(0, 1, "accept"),
      range(2, 2, "release"),
      range(3, 3, "reject"),
      range(4, 9, "accept"),
    ];
    const results = await world.start().shareGroups.acknowledge({ ...group, memberId: "w", acknowledgements });
    expect(results.map(({ error }) => error?.code)).toEqual([undefined, undefined, undefined, "INVALID_RECORD_STATE"]);
    expect((await world.observer.acquire()).records).toMatchObject([{ offset: 2, deliveryCount: 2 }]);
    const { partitions } = await world.observer.shareGroups.describe(group);
    expect(partitions).toEqual([{ topic: "jobs", partition: 0, startOffset: 2, acquired: 2, available: 0, lag: 2 }]);
  });

  test("renews a lock", async () => {
    await world.observer.acquire();
    await world.advance(lockMs - 1_000);
    await world.observer.shareGroups.acknowledge({ ...group, memberId: "w", acknowledgements: [range(0, 4, "renew")] });
    await world.advance(lockMs - 1_000);
    expect(valuesOf(await world.start().acquire())).toEqual([]);
    expect(await world.observer.accept([{ topic: "jobs", partition: 0, offset: 4 }])).toBe(true);
  });

  test("answers INVALID_RECORD_STATE where the records are another's, or where it was applied before", async () => {
    await world.observer.acquire();
    const records = [{ topic: "jobs", partition: 0, offset: 1 }];
    expect(await world.start().accept(records, "v")).toBe(false);
    expect(await world.observer.accept(records)).toBe(true);
    expect(await world.observer.accept(records)).toBe(false);
  });

  test("lets one partition's failure hide no other's success", async () => {
    await world.observer.acquire();
    const acknowledgements = [{ ...range(0, 0, "accept"), partition: 7 }, range(0, 0, "accept")];
    const results = await world.observer.shareGroups.acknowledge({ ...group, memberId: "w", acknowledgements });
    expect(results.map(({ error }) => error?.code)).toEqual(["UNKNOWN_TOPIC_OR_PARTITION", undefined]);
  });

  test("is refused for a group that there is not, and for what is no range", async () => {
    const { shareGroups } = world.observer;
    const acknowledgements = [range(0, 0, "accept")];
    await refusal(
      shareGroups.acknowledge({ namespace, group: "none", memberId: "w", acknowledgements }),
      "GROUP_ID_NOT_FOUND",
    );
    for (const wrong of [range(2, 1, "accept"), range(-1, 1, "accept"), range(0.5, 1, "accept")]) {
      await refusal(shareGroups.acknowledge({ ...group, memberId: "w", acknowledgements: [wrong] }), "INVALID_REQUEST");
    }
  });
});

describe("a share group", () => {
  test("has Kafka's settings by default, and keeps those that are not named", async () => {
    const { shareGroups } = world.observer;
    const defaults = { lockMs, deliveriesMax: 5, startAt: "latest", isolation: "read_uncommitted" };
    expect(await shareGroups.configure(group, {})).toEqual(defaults);
    expect(await shareGroups.configure(group, { deliveriesMax: 2 })).toEqual({ ...defaults, deliveriesMax: 2 });
    expect((await shareGroups.describe(group)).config).toEqual({ ...defaults, deliveriesMax: 2 });
  });

  test("refuses settings out of their bounds, and a dead-letter topic that there is not", async () => {
    const { shareGroups, topics } = world.observer;
    for (const config of [{ lockMs: 999 }, { deliveriesMax: 0 }, { deliveriesMax: 101 }, { deadLetterTopic: "none" }]) {
      await refusal(shareGroups.configure(group, config), "INVALID_CONFIG");
    }
    await topics.create(namespace, { name: "dead" });
    expect(await shareGroups.configure(group, { deadLetterTopic: "dead" })).toMatchObject({ deadLetterTopic: "dead" });
    expect(await shareGroups.configure(group, { deadLetterTopic: "" })).not.toHaveProperty("deadLetterTopic");
  });

  test("is not a consumer group", async () => {
    await world.prepare();
    world.memory.store.items.update(groupKey(namespace, "consumers"), { set: { kind: "consumer" } }, []);
    const consumers = { namespace, group: "consumers" };
    await refusal(world.observer.acquire(consumers), "INCONSISTENT_GROUP_PROTOCOL");
    await refusal(world.observer.shareGroups.configure(consumers, {}), "INCONSISTENT_GROUP_PROTOCOL");
    const { items } = await world.observer.shareGroups.list(namespace, { limit: 10 });
    expect(items).toEqual([{ group: "workers" }]);
  });

  test("is listed by pages", async () => {
    const names = ["a", "b", "c", "d"];
    for (const name of names) await world.observer.shareGroups.configure({ namespace, group: name }, {});
    world.memory.store.items.update(groupKey(namespace, "aa"), { set: { kind: "consumer" } }, []);
    const listed: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await world.observer.shareGroups.list(namespace, {
        limit: 2,
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      listed.push(...page.items.map((item) => item.group));
      ({ nextToken } = page);
    } while (nextToken !== undefined);
    expect(listed).toEqual(names);
  });

  test("is deleted with its states, unless records are acquired", async () => {
    await world.prepare();
    await world.produce(["a", "b"]);
    const { records } = await world.observer.acquire();
    await refusal(world.start().shareGroups.delete(group), "NON_EMPTY_GROUP");
    await world.observer.accept(records);
    await world.start().shareGroups.delete(group);
    expect(world.memory.store.items.query(sharePartition(namespace, group.group), { limit: 9 }).items).toEqual([]);
    await refusal(world.start().shareGroups.describe(group), "GROUP_ID_NOT_FOUND");
    await refusal(world.start().shareGroups.delete(group), "GROUP_ID_NOT_FOUND");
  });

  test("that is made again begins anew, also for a process that remembers the old one", async () => {
    await world.prepare();
    await world.produce(["a", "b"]);
    const old = world.start();
    await old.accept((await old.acquire({ maxRecords: 1 })).records);
    await world.observer.shareGroups.delete(group);
    await world.observer.shareGroups.configure(group, { startAt: "earliest" });
    expect(valuesOf(await old.acquire())).toEqual(["a", "b"]);
    expect(valuesOf(await world.start().acquire())).toEqual([]);
  });
});
