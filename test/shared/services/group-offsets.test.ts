import { describe, expect, test } from "vitest";
import type { Membership, OffsetToCommit } from "../../../shared/services/groups.ts";
import { type GroupProcess, GroupWorld, name, settle, truth } from "./group-world.ts";
import { refusal } from "./topic-process.ts";

const dayMs = 86_400_000;
const producer = { ...name, producerId: 7n, producerEpoch: 3 };

/** A world with topic `t` of two partitions, of which the first has ten records. */
async function withRecords(main: (world: GroupWorld) => Promise<void>): Promise<void> {
  const world = new GroupWorld();
  await world.run(async () => {
    const { topics, produce } = world.one;
    await topics.create(name.namespace, { name: "t", partitions: 2 });
    const records = Array.from({ length: 10 }, (_, index) => ({
      key: null,
      value: new Uint8Array([index]),
      headers: [],
      timestamp: 1_000 + index,
    }));
    await produce.produceRecords({ namespace: name.namespace, topic: "t", partition: 0, records });
    await main(world);
  });
}

function offset(value: number, partition = 0, metadata?: string): OffsetToCommit {
  return { topic: "t", partition, offset: value, ...(metadata === undefined ? {} : { metadata }) };
}

async function offsetOf(process: GroupProcess, partition = 0): Promise<number | undefined> {
  const all = await process.groups.offsets(name);
  return all.find((one) => one.partition === partition)?.offset;
}

function by({ memberId, memberEpoch }: Membership): { memberId: string; memberEpoch: number } {
  return { memberId, memberEpoch };
}

describe("a commit", () => {
  test("is one conditional update, and can be read with its lag", () =>
    withRecords(async ({ one }) => {
      const member = await one.groups.join({ ...name, topics: ["t"] });
      one.reset();
      await one.groups.commit({ ...name, ...by(member), offsets: [offset(4, 0, "a,b"), offset(0, 1)] });
      expect(one.counts()).toEqual({ "items.update": 1 });
      const [first, second] = await one.groups.offsets(name);
      expect(first).toMatchObject({ offset: 4, metadata: "a,b", lag: 6, highWatermark: 10, memberId: member.memberId });
      expect(second).toMatchObject({ partition: 1, offset: 0, lag: 0 });
    }));

  test("is refused of a member that was fenced, whoever serves it", () =>
    withRecords(async (world) => {
      const { one, two } = world;
      const first = await one.groups.join({ ...name, topics: ["t"], sessionTimeoutMs: 1_000 });
      await world.sleep(1_300);
      // Nobody has taken its place yet.
      await one.groups.commit({ ...name, ...by(first), offsets: [offset(1)] });
      await one.groups.join({ ...name, topics: ["t"] });
      await refusal(two.groups.commit({ ...name, ...by(first), offsets: [offset(2)] }), "UNKNOWN_MEMBER_ID");
      expect(await offsetOf(one)).toBe(1);
    }));

  test("is refused by an epoch that is not the member's, and taken while the member gives up partitions", () =>
    withRecords(async ({ one }) => {
      const first = await one.groups.join({ ...name, topics: ["t"] });
      const second = await one.groups.join({ ...name, topics: ["t"] });
      const told = await one.groups.heartbeat(truth(first));
      await one.groups.commit({ ...name, ...by(first), offsets: [offset(3, 0), offset(0, 1)] });
      const [settled] = await settle(one, [told, second]);
      await refusal(one.groups.commit({ ...name, ...by(told), offsets: [offset(9)] }), "STALE_MEMBER_EPOCH");
      await one.groups.commit({ ...name, ...by(settled ?? told), offsets: [offset(5)] });
      expect(await offsetOf(one)).toBe(5);
    }));

  test("without a member is taken of a group that has none, also when their sessions are over", () =>
    withRecords(async (world) => {
      const { one } = world;
      await one.groups.commit({ ...name, offsets: [offset(2)] });
      expect(await offsetOf(one)).toBe(2);
      await one.groups.join({ ...name, topics: ["t"], sessionTimeoutMs: 1_000 });
      await refusal(one.groups.commit({ ...name, offsets: [offset(3)] }), "UNKNOWN_MEMBER_ID");
      await world.sleep(1_300);
      await one.groups.commit({ ...name, offsets: [offset(3)] });
      expect(await offsetOf(one)).toBe(3);
    }));

  test("tells of a partition that is not there, and commits the others", () =>
    withRecords(async ({ one }) => {
      const results = await one.groups.commit({
        ...name,
        offsets: [offset(1), offset(1, 9), { ...offset(1), topic: "u" }],
      });
      expect(results[0]).toEqual({ topic: "t", partition: 0 });
      for (const result of results.slice(1)) {
        expect(result).toMatchObject({ error: { code: "UNKNOWN_TOPIC_OR_PARTITION" } });
      }
      expect(await offsetOf(one)).toBe(1);
    }));

  test("whose answer is lost is made once, and does not come back after a later one", () =>
    withRecords(async (world) => {
      const { one, two, store } = world;
      const member = await one.groups.join({ ...name, topics: ["t"] });
      for (const fault of ["timeoutAfter", "timeoutBefore", "timeoutLate"] as const) {
        store.failNext("items.update", fault);
        await one.groups.commit({ ...name, ...by(member), offsets: [offset(4)] });
        await two.groups.commit({ ...name, ...by(member), offsets: [offset(6)] });
        await world.sleep(15_000);
        expect(await offsetOf(one), fault).toBe(6);
      }
    }));

  test.each([
    [900, 600],
    [3_000, 1_500],
  ])("of a process that stood still for %i ms does not come back after one %i ms later", (frozenMs, laterMs) =>
    withRecords(async (world) => {
      const member = await world.one.groups.join({ ...name, topics: ["t"] });
      world.one.process.freeze(frozenMs);
      const late = world.one.groups.commit({ ...name, ...by(member), offsets: [offset(4)] });
      await world.two.process.storage.timers.sleep(laterMs);
      await world.two.groups.commit({ ...name, ...by(member), offsets: [offset(6)] });
      await late.catch(() => undefined);
      expect(await offsetOf(world.two)).toBe(6);
    }),
  );

  test("is taken although another process's clock was ahead", () =>
    withRecords(async (world) => {
      const ahead = world.start({ wallSkewMs: 200 });
      const member = await world.one.groups.join({ ...name, topics: ["t"] });
      await ahead.groups.commit({ ...name, ...by(member), offsets: [offset(4)] });
      await world.one.groups.commit({ ...name, ...by(member), offsets: [offset(6)] });
      expect(await offsetOf(world.one)).toBe(6);
    }));

  test("is refused for what is wrong with it", () =>
    withRecords(async ({ one: { groups } }) => {
      const commit = (change: object, code: string): Promise<unknown> =>
        refusal(groups.commit({ ...name, offsets: [offset(1)], ...change }), code);
      await commit({ memberId: "a" }, "INVALID_REQUEST");
      await commit({ memberId: "a", memberEpoch: -2 }, "INVALID_REQUEST");
      await commit({ offsets: [offset(-1)] }, "INVALID_REQUEST");
      await commit({ offsets: [offset(1, 0, "x".repeat(4_097))] }, "OFFSET_METADATA_TOO_LARGE");
      await commit({ namespace: "nowhere" }, "UNKNOWN_NAMESPACE");
      await commit({ memberId: "a", memberEpoch: 1 }, "UNKNOWN_MEMBER_ID");
    }));

  test("is refused where the group has as many offsets as fit", () =>
    withRecords(async ({ one }) => {
      await one.topics.create(name.namespace, { name: "wide", partitions: 200 });
      const wide = (from: number): OffsetToCommit[] =>
        Array.from({ length: 50 }, (_, index) => ({
          topic: "wide",
          partition: from + index,
          offset: 0,
          metadata: "x".repeat(2_500),
        }));
      await one.groups.commit({ ...name, offsets: wide(0) });
      await one.groups.commit({ ...name, offsets: wide(50) });
      await refusal(one.groups.commit({ ...name, offsets: wide(100) }), "INVALID_COMMIT_OFFSET_SIZE");
      await one.groups.commit({ ...name, offsets: wide(50) });
    }));
});

describe("offsets", () => {
  test("tell the lag of partitions that nobody committed, and of groups that nobody knows nothing", () =>
    withRecords(async ({ one }) => {
      await refusal(one.groups.offsets(name), "GROUP_ID_NOT_FOUND");
      await one.groups.join({ ...name, topics: ["t"] });
      expect((await one.groups.offsets(name)).map(({ offset: at, lag }) => [at, lag])).toEqual([
        [-1, 10],
        [-1, 0],
      ]);
      expect(await one.groups.offsets({ ...name, topics: ["u"] })).toEqual([]);
    }));

  test("are kept for a week after the last member, and then forgotten", () =>
    withRecords(async (world) => {
      const { one } = world;
      const member = await one.groups.join({ ...name, topics: ["t"] });
      await one.groups.commit({ ...name, ...by(member), offsets: [offset(4)] });
      await one.groups.leave({ ...name, memberId: member.memberId });
      await world.sleep(6.9 * dayMs);
      expect(await offsetOf(one)).toBe(4);
      await world.sleep(0.2 * dayMs);
      await refusal(one.groups.offsets(name), "GROUP_ID_NOT_FOUND");
      expect((await one.groups.list(name.namespace, { limit: 10 })).items).toEqual([]);
      await one.groups.commit({ ...name, offsets: [offset(0, 1)] });
      expect(await offsetOf(one)).toBeUndefined();
    }));

  test("of a topic that was created anew are not those of the one before", () =>
    withRecords(async (world) => {
      const { one } = world;
      await one.groups.commit({ ...name, offsets: [offset(4)] });
      await one.topics.delete(name.namespace, "t");
      await one.topics.create(name.namespace, { name: "t", partitions: 1 });
      await world.sleep(6_000);
      expect(await one.groups.offsets(name)).toEqual([]);
    }));
});

describe("a reset", () => {
  test.each([
    [{ to: "earliest" }, 0],
    [{ to: "latest" }, 10],
    [{ to: "timestamp", timestampMs: 1_007 }, 7],
    [{ to: "timestamp", timestampMs: 9_999 }, 10],
    [{ to: "offset", offset: 5 }, 5],
    [{ to: "offset", offset: 99 }, 10],
    [{ to: "shift", by: -3 }, 1],
    [{ to: "shift", by: -9 }, 0],
  ] as const)("to %j goes to %i", (point, to) =>
    withRecords(async ({ one }) => {
      await one.groups.commit({ ...name, offsets: [offset(4)] });
      const expected = [{ topic: "t", partition: 0, from: 4, to }];
      expect(await one.groups.reset({ ...name, point, dryRun: true })).toEqual(expected);
      expect(await offsetOf(one)).toBe(4);
      expect(await one.groups.reset({ ...name, point })).toEqual(expected);
      expect(await offsetOf(one)).toBe(to);
    }),
  );

  test("takes partitions that were never committed where they are named, and refuses what is not there", () =>
    withRecords(async ({ one }) => {
      const point = { to: "latest" } as const;
      await refusal(one.groups.reset({ ...name, point }), "GROUP_ID_NOT_FOUND");
      await one.groups.commit({ ...name, offsets: [offset(4)] });
      const results = await one.groups.reset({ ...name, point, topics: [{ topic: "t" }] });
      expect(results.map(({ from, to }) => [from, to])).toEqual([
        [4, 10],
        [-1, 0],
      ]);
      const topics = [{ topic: "t", partitions: [5] }];
      await refusal(one.groups.reset({ ...name, point, topics }), "UNKNOWN_TOPIC_OR_PARTITION");
    }));

  test("is refused while the group has members, as deleting it is", () =>
    withRecords(async ({ one }) => {
      const member = await one.groups.join({ ...name, topics: ["t"] });
      await refusal(one.groups.reset({ ...name, point: { to: "latest" } }), "NON_EMPTY_GROUP");
      await refusal(one.groups.delete(name), "NON_EMPTY_GROUP");
      await one.groups.leave({ ...name, memberId: member.memberId });
      await one.groups.delete(name);
      await refusal(one.groups.delete(name), "GROUP_ID_NOT_FOUND");
    }));
});

describe("offsets of a transaction", () => {
  test("are seen when it commits, for one update each, and not before", () =>
    withRecords(async ({ one }) => {
      await one.topics.describe(name.namespace, "t");
      const member = await one.groups.join({ ...name, topics: ["t"] });
      one.reset();
      await one.transactionalOffsets.stage({ ...producer, ...by(member), offsets: [offset(4)] });
      expect(one.counts()).toEqual({ "items.update": 1 });
      expect(await offsetOf(one)).toBe(-1);
      await refusal(one.groups.offsets({ ...name, stable: true }), "UNSTABLE_OFFSET_COMMIT");
      one.reset();
      await one.transactionalOffsets.decide(producer, true);
      expect(one.counts()).toEqual({ "items.update": 1 });
      expect(await one.groups.offsets({ ...name, stable: true })).toMatchObject([{ offset: 4 }, { offset: -1 }]);
    }));

  test("are dropped when it aborts", () =>
    withRecords(async ({ one, two }) => {
      await one.groups.commit({ ...name, offsets: [offset(2)] });
      await one.transactionalOffsets.stage({ ...producer, offsets: [offset(4)] });
      await two.transactionalOffsets.decide(producer, false);
      expect(await offsetOf(one)).toBe(2);
      await one.groups.offsets({ ...name, stable: true });
    }));

  test("add up over calls and processes, partition by partition", () =>
    withRecords(async ({ one, two }) => {
      await one.transactionalOffsets.stage({ ...producer, offsets: [offset(3), offset(0, 1)] });
      await two.transactionalOffsets.stage({ ...producer, offsets: [offset(4)] });
      await one.transactionalOffsets.decide(producer, true);
      expect([await offsetOf(one, 0), await offsetOf(one, 1)]).toEqual([4, 0]);
    }));

  test("are decided once: repeats, and what comes late, change nothing", () =>
    withRecords(async (world) => {
      const { one, two, store } = world;
      await one.transactionalOffsets.stage({ ...producer, offsets: [offset(4)] });
      store.failNext("items.update", "timeoutAfter");
      await one.transactionalOffsets.decide(producer, true);
      await one.groups.commit({ ...name, offsets: [offset(6)] });
      await one.transactionalOffsets.decide(producer, true);
      await two.transactionalOffsets.decide(producer, true);
      expect(await offsetOf(one)).toBe(6);
      await refusal(one.transactionalOffsets.stage({ ...producer, offsets: [offset(4)] }), "INVALID_TXN_STATE");
      const before = { ...producer, producerEpoch: 2 };
      await refusal(one.transactionalOffsets.stage({ ...before, offsets: [offset(4)] }), "PRODUCER_FENCED");
    }));

  test("of which nobody knows whether they were staged cannot come after the end", () =>
    withRecords(async (world) => {
      const { one, two, store } = world;
      store.failNext("items.update", "timeoutLate", 3);
      await refusal(one.transactionalOffsets.stage({ ...producer, offsets: [offset(4)] }), "REQUEST_TIMED_OUT");
      await two.transactionalOffsets.decide(producer, false);
      await world.sleep(15_000);
      const later = { ...producer, producerEpoch: 4 };
      await one.transactionalOffsets.stage({ ...later, offsets: [offset(5)] });
      await two.transactionalOffsets.decide(producer, true);
      await one.transactionalOffsets.decide(later, true);
      expect(await offsetOf(one)).toBe(5);
    }));

  test("are refused of who is fenced, and for a partition that is not there", () =>
    withRecords(async ({ one }) => {
      const member = await one.groups.join({ ...name, topics: ["t"] });
      const stage = (change: object, code: string): Promise<unknown> =>
        refusal(one.transactionalOffsets.stage({ ...producer, ...by(member), offsets: [offset(1)], ...change }), code);
      await stage({ memberEpoch: member.memberEpoch + 1 }, "STALE_MEMBER_EPOCH");
      await stage({ memberId: "nobody" }, "UNKNOWN_MEMBER_ID");
      await stage({ offsets: [offset(1), offset(1, 7)] }, "UNKNOWN_TOPIC_OR_PARTITION");
      await refusal(one.transactionalOffsets.stage({ ...producer, offsets: [offset(1)] }), "UNKNOWN_MEMBER_ID");
    }));

  test("keep their group from being deleted", () =>
    withRecords(async ({ one }) => {
      await one.transactionalOffsets.stage({ ...producer, offsets: [offset(4)] });
      await refusal(one.groups.delete(name), "NON_EMPTY_GROUP");
      await one.transactionalOffsets.decide(producer, false);
      // What is left only remembers the decision, and is no group to anyone.
      await refusal(one.groups.describe(name), "GROUP_ID_NOT_FOUND");
    }));
});

describe("a group", () => {
  test("is described and listed without those whose session is over", () =>
    withRecords(async (world) => {
      const { one } = world;
      const member = await one.groups.join({ ...name, topics: ["t"], sessionTimeoutMs: 1_000, clientId: "c" });
      await one.groups.commit({ ...name, group: "other", offsets: [offset(1)] });
      expect(await one.groups.describe(name)).toMatchObject({
        state: "Stable",
        assignor: "uniform",
        memberList: [{ memberId: member.memberId, clientId: "c", assignment: [{ topic: "t", partitions: [0, 1] }] }],
      });
      const page = await one.groups.list(name.namespace, { limit: 1 });
      expect(page.items).toEqual([
        { group: "g", type: "consumer", protocolType: "consumer", state: "Stable", members: 1 },
      ]);
      const rest = await one.groups.list(name.namespace, { limit: 1, nextToken: page.nextToken ?? "" });
      expect(rest.items).toEqual([{ group: "other", type: "consumer", protocolType: "", state: "Empty", members: 0 }]);
      await world.sleep(1_300);
      expect(await one.groups.describe(name)).toMatchObject({ state: "Empty", members: 0 });
    }));
});
