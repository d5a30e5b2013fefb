import { describe, expect, test } from "vitest";
import { createServices } from "../../../shared/services/create-services.ts";
import { dutyService } from "../../../shared/services/duty-service.ts";
import type { Services, TopicConfig } from "../../../shared/services/services.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import { type Duty, dutyName } from "../../../shared/storage/environment.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import { sessionsPartition } from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";

const ns = "default";
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

interface Process extends MemoryStorage {
  readonly services: Services;
  /** Duties that came due. */
  readonly woken: Duty[];
}

function process(): Process {
  const memory = createMemoryStorage({ dropsExpiredEntries: false });
  const woken: Duty[] = [];
  memory.store.onWake((duty) => woken.push(duty));
  return { ...memory, services: createServices(memory.storage), woken };
}

async function createTopic({ services }: Process, name: string, partitions: number, config: TopicConfig = {}) {
  return await services.topics.create(ns, { name, partitions, config });
}

async function produce({ services, storage }: Process, topic: string, partition: number, bytes = 10): Promise<void> {
  const record = { key: null, value: new Uint8Array(bytes), headers: [], timestamp: storage.clock.wallMs() };
  await services.produce.produceRecords({ namespace: ns, topic, partition, records: [record] });
}

/** Forgets what was woken until now, by the writers. */
async function sweepAlone(own: Process): Promise<readonly Duty[]> {
  await own.time.advance(1);
  own.woken.length = 0;
  await own.services.duties.sweep();
  await own.time.advance(1);
  return own.woken;
}

describe("the sweep", () => {
  test("ends the sessions of each namespace, also where another one's are damaged", async () => {
    const own = process();
    const { namespaces, sessions, duties } = own.services;
    for (const name of ["a", "b", "c"]) {
      await namespaces.create(name);
      await sessions.create(name, { timeoutMs: 1_000 });
    }
    await own.time.advance(2_000);
    const sort = "not a session";
    own.store.items.update({ partition: sessionsPartition("b"), sort }, { set: { state: "live" } }, []);
    await expect(duties.sweep()).rejects.toThrow(StorageCorruptError);
    const left = ["a", "b", "c"].map(
      (name) => own.store.items.query(sessionsPartition(name), { limit: 9 }).items.length,
    );
    expect(left).toEqual([0, 2, 0]);
  });

  test("asks for a sealer where something is due, in every topic, and nowhere else", async () => {
    const own = process();
    const old = await createTopic(own, "old", 3);
    await createTopic(own, "young", 1);
    const quick = await createTopic(own, "quick", 1, { "segment.ms": "60000" });
    await produce(own, "old", 1);
    await own.time.advance(8 * minuteMs);
    await produce(own, "young", 0);
    await produce(own, "quick", 0);
    await own.time.advance(2 * minuteMs);
    const expected = [
      { kind: "seal", topicId: old.topicId, partition: 1 },
      { kind: "seal", topicId: quick.topicId, partition: 0 },
    ];
    const woken = await sweepAlone(own);
    expect(woken).toHaveLength(2);
    expect(woken).toEqual(expect.arrayContaining(expected));
    for (const { topicId, partition } of expected) await own.services.duties.seal(topicId, partition);
    expect(await sweepAlone(own)).toEqual([]);
  });

  test("applies each topic's retention, and collects what lies before the start a grace period later", async () => {
    const own = process();
    const { topicId } = await createTopic(own, "short", 1, { "retention.ms": String(hourMs) });
    const forever = await createTopic(own, "forever", 1, { "retention.ms": "-1" });
    for (const topic of ["short", "forever"]) await produce(own, topic, 0, 50_000);
    await own.time.advance(10 * minuteMs);
    for (const id of [topicId, forever.topicId]) await own.services.duties.seal(id, 0);
    await own.time.advance(hourMs);
    await own.services.duties.sweep();
    await own.time.advance(6_000);
    const { fetch } = own.services;
    expect(await fetch.listOffset(ns, "short", 0, { at: "earliest" })).toMatchObject({ offset: 1 });
    expect(await fetch.listOffset(ns, "forever", 0, { at: "earliest" })).toMatchObject({ offset: 0 });
    expect((await own.storage.blobs.list("", { limit: 100 })).blobs.length).toBeGreaterThan(6);
    for (let round = 0; round < 3; round += 1) {
      await own.time.advance(own.storage.lifetimes.graceMs);
      await own.services.duties.sweep();
    }
    const { blobs } = await own.storage.blobs.list("", { limit: 100 });
    const kept = blobs.map(({ key }) => key).filter((key) => key.startsWith("segments/") || key.startsWith("hot/"));
    expect(kept).toHaveLength(3);
    for (const key of kept) expect(key).toContain(`segments/${forever.topicId}/0/`);
  });

  test("goes on where its bounds ended it, and comes to every partition", async () => {
    const own = process();
    const topics = 6;
    for (let index = 0; index < topics; index += 1) {
      await createTopic(own, `t${index}`, 5);
      for (let partition = 0; partition < 5; partition += 1) await produce(own, `t${index}`, partition);
    }
    await own.time.advance(20 * minuteMs);
    own.woken.length = 0;
    const { storage, time } = own;
    // Every look at a partition takes two minutes, four at a time: five rounds fill the ten minutes of a sweep.
    const slow = {
      ...storage,
      logs: {
        ...storage.logs,
        readLast: async (logId: Parameters<typeof storage.logs.readLast>[0]) => {
          if (logId.startsWith("segments:")) await time.advance(minuteMs);
          return await storage.logs.readLast(logId);
        },
      },
    };
    const duties = dutyService(slow, {
      namespaces: own.services.namespaces,
      topics: own.services.topics,
      finder: { find: async (namespace, name) => await own.services.topics.describe(namespace, name) },
    });
    const counts: number[] = [];
    for (let run = 0; run < 12 && own.woken.length < topics * 5; run += 1) {
      await duties.sweep();
      await time.advance(1);
      counts.push(own.woken.length);
    }
    expect(counts.length).toBeGreaterThan(1);
    const names = own.woken.map(dutyName);
    expect(names).toHaveLength(topics * 5);
    expect(new Set(names)).toHaveLength(topics * 5);
  });

  test("is not held up by a topic or a partition that fails, and says that something did", async () => {
    const own = process();
    const bad = await createTopic(own, "bad", 1);
    const good = await createTopic(own, "good", 1);
    for (const topic of ["bad", "good"]) await produce(own, topic, 0);
    await own.time.advance(20 * minuteMs);
    own.woken.length = 0;
    const { storage, services } = own;
    const failing = {
      ...storage,
      logs: {
        ...storage.logs,
        readLast: async (logId: Parameters<typeof storage.logs.readLast>[0]) => {
          if (logId.includes(bad.topicId)) throw new Error("this partition is broken");
          return await storage.logs.readLast(logId);
        },
      },
    };
    const describe = async (namespace: string, name: string) => await services.topics.describe(namespace, name);
    const duties = dutyService(failing, { ...services, finder: { find: describe } });
    await expect(duties.sweep()).rejects.toMatchObject({
      message: expect.stringContaining("failed 1 times"),
      cause: { message: "this partition is broken" },
    });
    await own.time.advance(1);
    expect(own.woken).toEqual([{ kind: "seal", topicId: good.topicId, partition: 0 }]);
    const unreadable = {
      find: async (namespace: string, name: string) => {
        if (name === "bad") throw new Error("this topic is broken");
        return await describe(namespace, name);
      },
    };
    own.woken.length = 0;
    await expect(dutyService(storage, { ...services, finder: unreadable }).sweep()).rejects.toThrow(/failed 1 times/);
    await own.time.advance(1);
    expect(own.woken).toHaveLength(1);
  });

  test("passes over a topic that was deleted after it was listed", async () => {
    const own = process();
    await createTopic(own, "gone", 1);
    const { services, storage } = own;
    await services.topics.delete(ns, "gone");
    const listed = { list: () => Promise.resolve({ items: [{ name: "gone", topicId: "x", partitions: 1 }] }) };
    const find = async (namespace: string, name: string) => await services.topics.describe(namespace, name);
    await dutyService(storage, { namespaces: services.namespaces, topics: listed, finder: { find } }).sweep();
  });

  test("finds what a sealer left that died before it told of its segment, long after the last write, and then lists nothing", async () => {
    const own = process();
    const week = 7 * 24 * hourMs;
    const config = { "segment.ms": String(week), "retention.ms": "-1" };
    const { topicId } = await createTopic(own, "t", 1, config);
    await produce(own, "t", 0);
    await sweepAlone(own);
    await own.time.advance(week + hourMs);
    const { storage, services, store } = own;
    const dying = Object.create(storage.logs, {
      putIfAbsent: { value: () => Promise.reject(new Error("the process ends")) },
    }) as typeof storage.logs;
    await expect(createServices({ ...storage, logs: dying }).duties.seal(topicId, 0)).rejects.toThrow("process ends");
    const orphans = store.blobs.list("segments/", { limit: 99 }).blobs.map(({ key }) => key);
    await own.time.advance(minuteMs);
    await services.duties.seal(topicId, 0);
    const sealed = store.blobs.list("segments/", { limit: 99 }).blobs.map(({ key }) => key);
    expect(orphans).not.toEqual([]);
    for (let hour = 0; hour < 4; hour += 1) {
      await sweepAlone(own);
      await own.time.advance(hourMs);
    }
    const left = store.blobs.list("segments/", { limit: 99 }).blobs.map(({ key }) => key);
    expect(left).toEqual(sealed.filter((key) => !orphans.includes(key)));
    const counted = countRequests(storage);
    const find = async (namespace: string, name: string) => await services.topics.describe(namespace, name);
    const later = dutyService(counted.storage, { ...services, finder: { find } });
    for (let hour = 0; hour < 9; hour += 1) {
      await own.time.advance(hour * hourMs);
      await later.sweep();
    }
    expect(counted.counts()["blobs.list"] ?? 0).toBe(0);
  });

  test("looks at an idle partition with few requests", async () => {
    const own = process();
    await createTopic(own, "t", 50);
    const { services } = own;
    const find = async (namespace: string, name: string) => await services.topics.describe(namespace, name);
    const counted = countRequests(own.storage);
    const duties = dutyService(counted.storage, { ...services, finder: { find } });
    await duties.sweep();
    counted.reset();
    await duties.sweep();
    // Its item and the end of its log; and the garbage.
    expect(counted.total()).toBe(50 * 2 + 1);
  });
});

describe("a wake-up for a topic that the process does not know", () => {
  test("seals by the defaults, collects, and gives nothing up", async () => {
    const own = process();
    const { topicId } = await createTopic(own, "t", 1, { "retention.ms": "1" });
    await produce(own, "t", 0);
    const { duties } = createServices(own.store.process().storage);
    await own.time.advance(11 * minuteMs);
    await duties.seal(topicId, 0);
    await duties.retain(topicId, 0);
    await own.time.advance(3 * hourMs);
    await duties.collect(topicId, 0);
    expect(await own.services.fetch.listOffset(ns, "t", 0, { at: "earliest" })).toMatchObject({ offset: 0 });
    await duties.sweep();
    await duties.retain(topicId, 0);
    await own.time.advance(6_000);
    expect(await own.services.fetch.listOffset(ns, "t", 0, { at: "earliest" })).toMatchObject({ offset: 1 });
  });

  test("to collect comes again when the bound of a run ended it", async () => {
    const own = process();
    const { topicId } = await createTopic(own, "t", 1);
    let pages = 0;
    const { storage, services } = own;
    const blobs = {
      ...storage.blobs,
      list: (prefix: string) => {
        pages += 1;
        return Promise.resolve(pages <= 150 ? { blobs: [], next: `${prefix}${pages}` } : { blobs: [] });
      },
    };
    const duties = dutyService(
      { ...storage, blobs },
      { ...services, finder: { find: () => Promise.reject(new Error()) } },
    );
    await duties.collect(topicId, 0);
    await own.time.advance(1);
    expect(own.woken).toEqual([{ kind: "collect", topicId, partition: 0 }]);
    expect(pages).toBe(100);
    await duties.collect(topicId, 0);
    await own.time.advance(1);
    expect(own.woken).toHaveLength(1);
    expect(pages).toBe(152);
  });
});
