import { describe, expect, test } from "vitest";
import { lagLookMs, lagLookMsMax } from "../../../shared/limits/metrics.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { countRequests } from "../../../shared/storage/count-requests.ts";
import { groupsPartition } from "../../../shared/storage/item-keys.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { type Counted, counted } from "../../functions/metrics/counted.ts";
import { type GroupProcess, GroupWorld, name, settle, truth } from "./group-world.ts";

const { namespace, group } = name;
const ofTopic = { namespace, group, topic: "t" };

interface Bed {
  readonly world: GroupWorld;
  readonly one: GroupProcess;
  readonly counts: Counted;
  /** The storage with what counts. */
  readonly storage: Storage;
  append(partition: number, count: number): Promise<void>;
  commit(partition: number, offset: number): Promise<void>;
}

/** A world with topic `t` of two partitions, of which the first has ten records and the second four. */
async function withLag(main: (bed: Bed) => Promise<void>, wrap: (storage: Storage) => Storage = (same) => same) {
  const world = new GroupWorld();
  const counts = counted();
  let storage: Storage | undefined;
  const one = world.start({}, (plain) => (storage = wrap({ ...plain, metrics: counts.metrics })));
  if (storage === undefined) throw new Error("no storage");
  const bed: Bed = {
    world,
    one,
    counts,
    storage,
    append: async (partition, count) => {
      const records = Array.from({ length: count }, () => ({ key: null, value: new Uint8Array([1]), headers: [] }));
      await one.produce.produceRecords({ namespace, topic: "t", partition, records });
    },
    commit: async (partition, offset) => {
      await one.groups.commit({ ...name, offsets: [{ topic: "t", partition, offset }] });
    },
  };
  await world.run(async () => {
    await one.topics.create(namespace, { name: "t", partitions: 2 });
    await bed.append(0, 10);
    await bed.append(1, 4);
    await main(bed);
  });
}

/** SumOffsetLag, MaxOffsetLag and EstimatedMaxTimeLag of the topic. */
function told({ counts }: Bed): (number | undefined)[] {
  return (["SumOffsetLag", "MaxOffsetLag", "EstimatedMaxTimeLag"] as const).map((metric) =>
    counts.value(metric, ofTopic),
  );
}

describe("lag", () => {
  test("is what is left of each partition: the sum, the most, and the time since the last commit while nothing moves", () =>
    withLag(async (bed) => {
      await bed.commit(0, 4);
      await bed.commit(1, 3);
      await bed.world.sleep(30_000);
      await bed.one.groups.offsets(name);
      const [sum, most, seconds] = told(bed);
      expect([sum, most]).toEqual([7, 6]);
      expect(seconds).toBeGreaterThanOrEqual(30);
      expect(seconds).toBeLessThan(30.5);
      expect(bed.counts.value("OffsetLag", { ...ofTopic, partition: 0 })).toBe(6);
      expect(bed.counts.value("OffsetLag", { ...ofTopic, partition: 1 })).toBe(1);
    }));

  test("in time is what is left at the group's pace, once it has been seen to move", () =>
    withLag(async (bed) => {
      const { storage, one, world } = bed;
      await bed.commit(0, 1);
      await bed.commit(1, 4);
      await one.groups.offsets(name);
      const fromMs = storage.clock.monotonicMs();
      await world.sleep(60_000);
      await bed.commit(0, 7);
      await one.groups.offsets(name);
      const tookMs = storage.clock.monotonicMs() - fromMs;
      // Six offsets in a minute, and three are left.
      expect(told(bed).slice(0, 2)).toEqual([3, 3]);
      expect(told(bed)[2]).toBeGreaterThan(29.5);
      expect(told(bed)[2]).toBeLessThan((tookMs / 1_000) * 0.51);
      await bed.commit(0, 10);
      await one.groups.offsets(name);
      expect(told(bed)).toEqual([0, 0, 0]);
    }));

  test("of a partition that was never committed counts from its start, and has no time", () =>
    withLag(async (bed) => {
      await bed.one.groups.join({ ...name, topics: ["t"] });
      await bed.one.groups.offsets(name);
      expect(told(bed)).toEqual([14, 10, undefined]);
    }));
});

describe("who looks", () => {
  test("is no commit: it stays one update", () =>
    withLag(async (bed) => {
      await bed.commit(0, 1);
      bed.one.reset();
      await bed.commit(0, 2);
      expect(bed.one.counts()).toEqual({ "items.update": 1 });
      expect(bed.counts.value("SumOffsetLag")).toBeUndefined();
    }));

  test("is one heartbeat a minute, with two requests for each partition and one for the group", () =>
    withLag(async (bed) => {
      const { one, world } = bed;
      const [member] = await settle(one, [await one.groups.join({ ...name, topics: ["t"] })]);
      if (member === undefined) throw new Error("no member");
      const beat = async (): Promise<unknown> => {
        one.reset();
        await one.groups.heartbeat(truth(member));
        return one.counts();
      };
      expect(await beat()).toEqual({ "items.update": 1 });
      let looks = 0;
      for (let ms = 0; ms < 3 * lagLookMs; ms += 3_000) {
        await world.sleep(3_000);
        const counts = JSON.stringify(await beat());
        if (one.total() > 2) looks += 1;
        else expect(counts).toContain('"items.update":1');
        expect(one.total()).toBeLessThanOrEqual(1 + 1 + 1 + 2 * 2);
      }
      expect(looks).toBeGreaterThanOrEqual(2);
      expect(looks).toBeLessThanOrEqual(3);
      expect(told(bed).slice(0, 2)).toEqual([14, 10]);
    }));

  test("never keeps a member from its answer", () => {
    let hangs = false;
    const hanging = (storage: Storage): Storage => ({
      ...storage,
      logs: {
        ...storage.logs,
        readLast: (logId) => (hangs ? new Promise(() => undefined) : storage.logs.readLast(logId)),
        putIfAbsent: (...args) => storage.logs.putIfAbsent(...args),
        readFrom: (...args) => storage.logs.readFrom(...args),
      },
    });
    return withLag(async ({ one, world, storage }) => {
      const [member] = await settle(one, [await one.groups.join({ ...name, topics: ["t"] })]);
      if (member === undefined) throw new Error("no member");
      hangs = true;
      for (let ms = 0; ms < lagLookMs + 6_000; ms += 3_000) {
        await world.sleep(3_000);
        const fromMs = storage.clock.monotonicMs();
        await one.groups.heartbeat(truth(member));
        expect(storage.clock.monotonicMs() - fromMs).toBeLessThan(lagLookMsMax + 500);
      }
    }, hanging);
  });
});

describe("a refresh of all gauges", () => {
  test("tells the groups that nobody serves, in few requests, and forgets those that are gone", () =>
    withLag(async (bed) => {
      await bed.commit(0, 4);
      await bed.commit(1, 4);
      const { storage, ...requests } = countRequests(bed.storage);
      const { gauges, groups } = createServices(storage);
      await gauges.refresh();
      expect(told(bed).slice(0, 2)).toEqual([6, 6]);
      requests.reset();
      await gauges.refresh();
      // The namespaces, their groups, and the ends of the partitions.
      expect(requests.counts()).toEqual({ "items.query": 2, "logs.readLast": 2 });
      await groups.delete(name);
      await gauges.refresh();
      expect(told(bed)).toEqual([undefined, undefined, undefined]);
      const left = await storage.items.query(groupsPartition(namespace), { limit: 1 });
      expect(left.items).toEqual([]);
    }));

  test("tells what the trees hold that this process follows", () =>
    withLag(async ({ storage, counts }) => {
      const { gauges, znodes, sessions } = createServices(storage);
      await gauges.refresh();
      expect(counts.value("znode_count")).toBeUndefined();
      const session = await sessions.create(namespace, { timeoutMs: 10_000 });
      const context = { namespace, identities: [], session };
      await znodes.create(context, { path: "/ephemeral", data: null, mode: "ephemeral" });
      const { count } = await znodes.countDescendants(context, "/");
      await gauges.refresh();
      // The root is a znode, too.
      expect(counts.value("znode_count", { namespace })).toBe(count + 1);
      expect(counts.value("ephemerals_count", { namespace })).toBe(1);
      expect(counts.value("global_sessions", { namespace })).toBe(1);
      expect(counts.value("watch_count", { namespace, protocol: "http" })).toBe(0);
      const size = counts.value("approximate_data_size", { namespace }) ?? 0;
      await znodes.setData(context, { path: "/ephemeral", data: new Uint8Array(10), version: -1 });
      await znodes.create(context, { path: "/other", data: null, mode: "persistent" });
      await gauges.refresh();
      // As ZooKeeper counts: paths and data.
      expect(counts.value("approximate_data_size", { namespace })).toBe(size + 10 + "/other".length);
    }));
});
