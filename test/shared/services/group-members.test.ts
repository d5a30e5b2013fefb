import { describe, expect, test } from "vitest";
import type { Membership } from "../../../shared/services/groups.ts";
import { GroupWorld, name, settle, truth } from "./group-world.ts";
import { refusal } from "./topic-process.ts";

/** A world with topic `t` of four partitions. */
async function withTopic(main: (world: GroupWorld) => Promise<void>, seed = 1): Promise<void> {
  const world = new GroupWorld({ seed });
  await world.run(async () => {
    await world.one.topics.create(name.namespace, { name: "t", partitions: 4 });
    await main(world);
  });
}

function countOf({ assignment }: Membership): number {
  return assignment.reduce((sum, { partitions }) => sum + partitions.length, 0);
}

describe("a heartbeat", () => {
  test("is one conditional update while nothing changes", () =>
    withTopic(async ({ one }) => {
      const member = await one.groups.join({ ...name, topics: ["t"] });
      one.reset();
      for (let beat = 0; beat < 3; beat += 1) await one.groups.heartbeat(truth(member));
      expect(one.counts()).toEqual({ "items.update": 3 });
    }));

  test("is one more request in a process that has not seen the member", () =>
    withTopic(async ({ one, two }) => {
      const member = await one.groups.join({ ...name, topics: ["t"] });
      await two.topics.list(name.namespace, { limit: 1 });
      const first = await two.groups.heartbeat(truth(member));
      two.reset();
      await two.groups.heartbeat(truth(first));
      expect(two.counts()).toEqual({ "items.update": 1 });
    }));

  test("extends the session, in whatever process", () =>
    withTopic(async (world) => {
      const { one, two } = world;
      const member = await one.groups.join({ ...name, topics: ["t"], sessionTimeoutMs: 2_000 });
      for (let beat = 0; beat < 6; beat += 1) {
        await world.sleep(1_500);
        await (beat % 2 === 0 ? two : one).groups.heartbeat(truth(member));
      }
      await world.sleep(2_100);
      await refusal(one.groups.heartbeat(truth(member)), "UNKNOWN_MEMBER_ID");
    }));

  test("whose update was applied but not answered is not doubled, nor is the change after it", () =>
    withTopic(async (world) => {
      const { one, store } = world;
      const first = await one.groups.join({ ...name, topics: ["t"] });
      const second = await one.groups.join({ ...name, topics: ["t"] });
      const told = await one.groups.heartbeat(truth(first));
      const { revision } = world.attributes() ?? {};
      store.failNext("items.update", "timeoutAfter", 2);
      const given = await one.groups.heartbeat(truth(told));
      expect(given.memberEpoch).toBeGreaterThan(told.memberEpoch);
      expect(world.attributes()?.["revision"]).toBe(Number(revision) + 1);
      store.failNext("items.update", "timeoutLate", 2);
      expect(countOf(await one.groups.heartbeat(truth(second)))).toBe(2);
      await world.sleep(20_000);
      expect(world.attributes()?.["revision"]).toBe(Number(revision) + 2);
    }));

  test("of a member whose answer was lost goes on by the epoch before", () =>
    withTopic(async ({ one }) => {
      const first = await one.groups.join({ ...name, topics: ["t"] });
      await one.groups.join({ ...name, topics: ["t"] });
      const told = await one.groups.heartbeat(truth(first));
      const lost = await one.groups.heartbeat(truth(told));
      expect(await one.groups.heartbeat(truth(told))).toEqual(lost);
      await refusal(one.groups.heartbeat({ ...truth(told), memberEpoch: lost.memberEpoch + 1 }), "FENCED_MEMBER_EPOCH");
    }));

  test("of a member that is to give something up is answered for as long as it has for that, and refused then", () =>
    withTopic(async (world) => {
      const { one, two } = world;
      const wish = { ...name, topics: ["t"], sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 4_000 };
      const first = await one.groups.join(wish);
      const second = await one.groups.join(wish);
      expect(first.sessionTimeoutMs).toBe(10_000);
      expect((await one.groups.heartbeat(truth(first))).sessionTimeoutMs).toBe(4_000);
      await world.sleep(3_000);
      // It has not given up yet.
      const { sessionTimeoutMs, assignment } = await two.groups.heartbeat(truth(first));
      expect(sessionTimeoutMs).toBeGreaterThan(900);
      expect(sessionTimeoutMs).toBeLessThanOrEqual(1_000);
      expect(countOf({ ...first, assignment })).toBe(2);
      await world.sleep(sessionTimeoutMs);
      await refusal(two.groups.heartbeat(truth(first)), "FENCED_MEMBER_EPOCH");
      await world.sleep(500);
      expect(countOf(await one.groups.heartbeat(truth(second)))).toBe(4);
      await refusal(one.groups.heartbeat(truth(first)), "UNKNOWN_MEMBER_ID");
    }));

  test("of a member that gave up in time has the whole session again", () =>
    withTopic(async ({ one }) => {
      const wish = { ...name, topics: ["t"], sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 4_000 };
      const first = await one.groups.join(wish);
      await one.groups.join(wish);
      const told = await one.groups.heartbeat(truth(first));
      expect((await one.groups.heartbeat(truth(told))).sessionTimeoutMs).toBe(10_000);
    }));

  test("tells a member that waits to come back soon, and one that does not, later", () =>
    withTopic(async ({ one }) => {
      const first = await one.groups.join({ ...name, topics: ["t"] });
      expect(first.heartbeatIntervalMs).toBe(3_000);
      const second = await one.groups.join({ ...name, topics: ["t"], sessionTimeoutMs: 8_000 });
      expect(second.heartbeatIntervalMs).toBe(500);
      const [, settled] = await settle(one, [first, second]);
      expect(settled?.heartbeatIntervalMs).toBe(800);
    }));

  test("changes what the member is subscribed to", () =>
    withTopic(async ({ one }) => {
      await one.topics.create(name.namespace, { name: "u", partitions: 1 });
      const member = await one.groups.join({ ...name, topics: ["t"] });
      const told = await one.groups.heartbeat({ ...truth(member), topics: ["u"] });
      const changed = await one.groups.heartbeat(truth(told));
      expect(changed.assignment).toEqual([{ topic: "u", partitions: [0] }]);
    }));

  test("is refused of who is not there, also where no group or namespace is", () =>
    withTopic(async ({ one }) => {
      const nobody = { memberId: "nobody", memberEpoch: 1 };
      await refusal(one.groups.heartbeat({ ...name, ...nobody }), "UNKNOWN_MEMBER_ID");
      await one.groups.join({ ...name, topics: ["t"] });
      await refusal(one.groups.heartbeat({ ...name, ...nobody }), "UNKNOWN_MEMBER_ID");
      await refusal(one.groups.heartbeat({ ...name, ...nobody, memberEpoch: -2 }), "INVALID_REQUEST");
    }));
});

describe("joining", () => {
  test("from many processes at once gives each a place, and each partition one owner", () =>
    withTopic(async (world) => {
      const processes = Array.from({ length: 6 }, () => world.start());
      const joined = await Promise.all(processes.map(({ groups }) => groups.join({ ...name, topics: ["t"] })));
      const settled = await settle(world.one, joined);
      const owned = settled.flatMap(({ assignment }) => assignment.flatMap(({ partitions }) => partitions));
      expect(owned.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
      expect(Math.max(...settled.map(countOf))).toBe(1);
    }));

  test("again after an answer that was lost joins once", () =>
    withTopic(async (world) => {
      const { one, two } = world;
      world.store.failNext("items.update", "timeoutAfter");
      const member = await one.groups.join({ ...name, topics: ["t"], memberId: "me" });
      expect(await two.groups.join({ ...name, topics: ["t"], memberId: "me" })).toEqual(member);
      expect((await one.groups.describe(name)).members).toBe(1);
    }));

  test("removes members whose session is over", () =>
    withTopic(async (world) => {
      const { one, two } = world;
      await one.groups.join({ ...name, topics: ["t"], sessionTimeoutMs: 1_000 });
      await world.sleep(1_300);
      expect(countOf(await two.groups.join({ ...name, topics: ["t"] }))).toBe(4);
      expect(world.attributes()?.["members"]).toBe(1);
    }));

  test("is refused for what is wrong with it", () =>
    withTopic(async ({ one: { groups } }) => {
      const wrong = [
        [{ group: "" }, "INVALID_GROUP_ID"],
        [{ group: "a".repeat(250) }, "INVALID_GROUP_ID"],
        [{ namespace: "nowhere" }, "UNKNOWN_NAMESPACE"],
        [{ topics: ["not a name"] }, "INVALID_TOPIC_EXCEPTION"],
        [{ topics: [] }, "INVALID_REQUEST"],
        [{ topicPattern: "(" }, "INVALID_REGULAR_EXPRESSION"],
        [{ topicPattern: "a".repeat(1_025) }, "INVALID_REGULAR_EXPRESSION"],
        [{ sessionTimeoutMs: 999 }, "INVALID_SESSION_TIMEOUT"],
        [{ assignor: "sticky" as "range" }, "UNSUPPORTED_ASSIGNOR"],
        [{ memberId: "a\nb" }, "INVALID_REQUEST"],
      ] as const;
      for (const [change, code] of wrong) await refusal(groups.join({ ...name, topics: ["t"], ...change }), code);
    }));

  test("is refused where a share group has the name", () =>
    withTopic(async ({ one, store }) => {
      store.items.update({ partition: "groups:default", sort: "shared" }, { set: { kind: "share" } }, []);
      const shared = { ...name, group: "shared" };
      await refusal(one.groups.join({ ...shared, topics: ["t"] }), "INCONSISTENT_GROUP_PROTOCOL");
      const offsets = [{ topic: "t", partition: 0, offset: 0 }];
      await refusal(one.groups.commit({ ...shared, offsets }), "INCONSISTENT_GROUP_PROTOCOL");
      await one.transactionalOffsets.decide({ ...shared, producerId: 1n, producerEpoch: 0 }, true);
      expect((await one.groups.list(name.namespace, { limit: 10 })).items).toEqual([]);
    }));
});

describe("a pattern", () => {
  test("takes in topics that match its whole, as they come and go", () =>
    withTopic(async (world) => {
      const { one } = world;
      await one.topics.create(name.namespace, { name: "t-1" });
      let member = await one.groups.join({ ...name, topicPattern: "t-[0-9]" });
      expect(member.assignment).toEqual([{ topic: "t-1", partitions: [0] }]);
      await world.two.topics.create(name.namespace, { name: "t-2" });
      await world.two.topics.alter(name.namespace, "t-1", { partitions: 2 });
      await world.sleep(6_000);
      member = await one.groups.heartbeat(truth(member));
      expect(member.assignment).toEqual([
        { topic: "t-1", partitions: [0, 1] },
        { topic: "t-2", partitions: [0] },
      ]);
      await world.two.topics.delete(name.namespace, "t-1");
      await world.sleep(6_000);
      member = await one.groups.heartbeat(truth(member));
      member = await one.groups.heartbeat(truth(member));
      expect(member.assignment).toEqual([{ topic: "t-2", partitions: [0] }]);
    }));

  test("leaves out topics of Kafka's own kind unless it names them", () =>
    withTopic(async ({ one }) => {
      await one.topics.create(name.namespace, { name: "__inside" });
      const all = await one.groups.join({ ...name, topicPattern: ".*" });
      expect(all.assignment.map(({ topic }) => topic)).toEqual(["t"]);
      const inside = await one.groups.join({ namespace: name.namespace, group: "other", topicPattern: "__.*" });
      expect(inside.assignment.map(({ topic }) => topic)).toEqual(["__inside"]);
    }));
});

describe("processes that know topics as they were", () => {
  test("do not undo what others have seen of them", () =>
    withTopic(async (world) => {
      const { one, two } = world;
      let member = await one.groups.join({ ...name, topics: ["t"] });
      const commit = (): Promise<unknown> =>
        two.groups.commit({ ...name, ...member, offsets: [{ topic: "t", partition: 0, offset: 0 }] });
      await commit();
      await world.sleep(4_000);
      await two.groups.heartbeat(truth(member));
      await world.sleep(2_000);
      // From now on this process remembers the topic as it is for longer than it waits to look at the group's topics again.
      await commit();
      await world.sleep(1_000);
      await one.topics.delete(name.namespace, "t");
      await one.topics.create(name.namespace, { name: "t", partitions: 1 });
      for (let beat = 0; beat < 3; beat += 1) member = await one.groups.heartbeat(truth(member));
      const { revision } = world.attributes() ?? {};
      await world.sleep(2_500);
      await two.groups.heartbeat(truth(member));
      expect(world.attributes()?.["revision"]).toBe(revision);
      expect(member.assignment).toEqual([{ topic: "t", partitions: [0] }]);
    }));
});
