import { describe, expect, test } from "vitest";
import { classicInitialDelayMs, classicLookMs } from "../../../shared/limits/classic-groups.ts";
import { bytesOf, Client, outcome, textOf, wish } from "./classic-world.ts";
import { type GroupProcess, GroupWorld, name } from "./group-world.ts";
import { interruptRequests } from "./interrupt-requests.ts";

async function withTopic(main: (world: GroupWorld) => Promise<void>): Promise<void> {
  const world = new GroupWorld();
  await world.run(async () => {
    await world.one.topics.create(name.namespace, { name: "t", partitions: 4 });
    await main(world);
  });
}

/** Two members at two processes, in one generation. */
async function pair(world: GroupWorld): Promise<[Client, Client]> {
  const clients: [Client, Client] = [new Client(world.one), new Client(world.two)];
  await Promise.all(clients.map((client) => client.enter()));
  return clients;
}

function countOf(process: GroupProcess, request: "items.get" | "items.update"): number {
  return process.counts()[request] ?? 0;
}

const offsets = [{ topic: "t", partition: 0, offset: 5 }];

describe("members of a classic group", () => {
  test("who start together at two processes share the first generation, and each gets what the leader says", () =>
    withTopic(async (world) => {
      const started = world.store.time.nowMs;
      const [first, second] = await pair(world);
      expect([first.generation, second.generation]).toEqual([1, 1]);
      expect([first.leads, second.leads].filter(Boolean)).toHaveLength(1);
      expect(first.assignment).toBe(`for ${first.memberId}`);
      expect(second.assignment).toBe(`for ${second.memberId}`);
      // Prolonged once, for the second.
      expect(world.store.time.nowMs - started).toBeLessThan(2 * classicInitialDelayMs + 1_500);
      expect(await first.beat()).toBe("ok");
      expect(await second.beat()).toBe("ok");
    }));

  test("get an id first where they must join with one, and wait for nobody who was only given one", () =>
    withTopic(async (world) => {
      const named = await world.one.classic.join(wish);
      expect(named).toMatchObject({ kind: "named", memberId: expect.stringMatching(/^client-/) });
      expect(await outcome(world.one.classic.join({ ...wish, memberId: "of-my-own" }))).toBe("UNKNOWN_MEMBER_ID");
      const older = await world.one.classic.join({ ...wish, requiresMemberId: false });
      // The given id is not used: the first rebalance waits for nothing but its delay.
      expect(older).toMatchObject({ kind: "joined", generation: 1 });
    }));

  test("who come and leave at one process are noticed at the other by the next heartbeat", () =>
    withTopic(async (world) => {
      const [first, second] = await pair(world);
      const third = new Client(world.one);
      const entering = third.enter();
      await world.sleep(1_500);
      expect(await second.beat()).toBe("REBALANCE_IN_PROGRESS");
      expect(await first.beat()).toBe("REBALANCE_IN_PROGRESS");
      await Promise.all([first.enter(), second.enter(), entering]);
      expect([first, second, third].map(({ generation }) => generation)).toEqual([2, 2, 2]);
      await world.one.classic.leave({ ...name, members: [{ memberId: third.memberId ?? "" }] });
      await world.sleep(1_500);
      expect(await second.beat()).toBe("REBALANCE_IN_PROGRESS");
      expect(await third.beat()).toBe("UNKNOWN_MEMBER_ID");
      await Promise.all([first.enter(), second.enter()]);
      expect(await world.two.groups.describe(name)).toMatchObject({ type: "classic", state: "Stable", members: 2 });
    }));

  test("who die are dropped when their session is over, and the others go on without them", () =>
    withTopic(async (world) => {
      const [first, second] = await pair(world);
      const before = second.memberId;
      await first.live(world, 10_000);
      expect(first.joins).toBe(2);
      await first.live(world, 8_000);
      expect(first.generation).toBe(2);
      expect(first.leads).toBe(true);
      const { memberList } = await world.two.groups.describe(name);
      expect(memberList.map(({ memberId }) => memberId)).toEqual([first.memberId]);
      expect(before).not.toBe(first.memberId);
    }));

  test("who say that they live at ever other processes stay, and cost an update in a third of their session", () =>
    withTopic(async (world) => {
      const [first, second] = await pair(world);
      const before = countOf(world.one, "items.update") + countOf(world.two, "items.update");
      for (let round = 0; round < 60; round += 1) {
        first.process = round % 2 === 0 ? world.two : world.one;
        expect(await first.beat()).toBe("ok");
        expect(await second.beat()).toBe("ok");
        await world.sleep(1_000);
      }
      const updates = countOf(world.one, "items.update") + countOf(world.two, "items.update") - before;
      expect(updates).toBeGreaterThan(20);
      expect(updates).toBeLessThan(45);
    }));

  test("who do not join again in time are left out of the next generation", () =>
    withTopic(async (world) => {
      const [first, second] = await pair(world);
      // It goes on saying that it lives, but does not join.
      const third = new Client(world.one);
      const entering = Promise.all([third.enter(), first.enter()]);
      for (let round = 0; round < 19; round += 1) {
        await world.sleep(1_000);
        expect(await second.beat()).toBe("REBALANCE_IN_PROGRESS");
      }
      await world.sleep(2_500);
      await entering;
      expect(await second.beat()).toBe("UNKNOWN_MEMBER_ID");
      expect(await world.one.groups.describe(name)).toMatchObject({ state: "Stable", members: 2 });
    }));

  test("of a leader that assigns nothing join again without it", () =>
    withTopic(async (world) => {
      const clients = [new Client(world.one), new Client(world.two)];
      const joined = await Promise.all(clients.map((client) => client.join()));
      const follower = clients[joined.findIndex(({ leader, memberId }) => leader !== memberId)];
      const leader = clients.find((client) => client !== follower);
      const answer = joined.find(({ memberId }) => memberId === follower?.memberId);
      if (follower === undefined || leader === undefined || answer === undefined) throw new Error("nobody follows");
      expect(await outcome(follower.sync(answer))).toBe("REBALANCE_IN_PROGRESS");
      await follower.enter();
      expect(follower.leads).toBe(true);
      expect(follower.generation).toBe(2);
      expect(await leader.beat()).toBe("UNKNOWN_MEMBER_ID");
    }));

  test("of one process are told in memory: it reads no more for many of them than for one", () =>
    withTopic(async (world) => {
      const clients = Array.from({ length: 12 }, () => new Client(world.one));
      const before = countOf(world.one, "items.get");
      const updatesBefore = countOf(world.one, "items.update");
      await Promise.all(clients.map((client) => client.enter()));
      // An id, a join and a sync for each; the wait is prolonged once or twice, and ends.
      expect(countOf(world.one, "items.update") - updatesBefore).toBeLessThanOrEqual(3 * clients.length + 4);
      expect(new Set(clients.map(({ generation }) => generation))).toEqual(new Set([1]));
      // Once a second, and sooner at first.
      expect(countOf(world.one, "items.get") - before).toBeLessThan(30);
    }));

  test("of a process that stops in the middle of a rebalance go on at another", () =>
    withTopic(async (world) => {
      const { promise: never } = Promise.withResolvers<void>();
      let isStopped = false;
      const stopping = world.start({}, (storage) =>
        interruptRequests(storage, async ({ send }) => {
          if (isStopped) await never;
          return await send();
        }),
      );
      const clients = [new Client(stopping), new Client(stopping), new Client(world.one)];
      await Promise.all(clients.map((client) => client.enter()));
      expect(clients.map(({ generation }) => generation)).toEqual([1, 1, 1]);
      const newcomer = new Client(world.one);
      const entering = newcomer.enter();
      await world.sleep(1_500);
      // One waits there, and hears nothing more.
      void clients[0]?.enter();
      await world.sleep(100);
      isStopped = true;
      for (const client of clients) client.process = world.two;
      await Promise.all([entering, ...clients.map((client) => client.enter())]);
      expect(new Set([newcomer, ...clients].map(({ generation }) => generation))).toEqual(new Set([2]));
      expect(await world.two.groups.describe(name)).toMatchObject({ state: "Stable", members: 4 });
    }));

  test("stop waiting when their connection ends", () =>
    withTopic(async (world) => {
      const ended = new AbortController();
      const gone = new Error("gone");
      const joining = world.one.classic.join({ ...wish, requiresMemberId: false, signal: ended.signal });
      const result = joining.catch((cause: unknown) => cause);
      await world.sleep(100);
      ended.abort(gone);
      expect(await result).toBe(gone);
    }));
});

describe("static members", () => {
  test("who come back under another id keep their assignment, without a rebalance; the one before is fenced", () =>
    withTopic(async (world) => {
      const before = new Client(world.one, { instanceId: "i" });
      const other = new Client(world.two, { instanceId: "j" });
      await Promise.all([before.enter(), other.enter()]);
      const { assignment } = before;
      const again = new Client(world.two, { instanceId: "i" });
      await again.enter();
      expect(again.generation).toBe(1);
      expect(again.memberId).not.toBe(before.memberId);
      expect(again.assignment).toBe(assignment);
      await world.sleep(classicLookMs + 100);
      expect(await before.beat()).toBe("FENCED_INSTANCE_ID");
      expect(await other.beat()).toBe("ok");
      expect(await again.beat()).toBe("ok");
      const { memberId, generation } = before.self;
      const commit = { ...name, memberId, memberEpoch: generation, instanceId: "i", offsets };
      expect(await outcome(world.one.groups.commit(commit))).toBe("FENCED_INSTANCE_ID");
    }));

  test("who are back are known at once to a process that looked just before", () =>
    withTopic(async (world) => {
      const other = new Client(world.two, { instanceId: "j" });
      await Promise.all([new Client(world.one, { instanceId: "i" }).enter(), other.enter()]);
      await world.sleep(classicLookMs + 100);
      expect(await other.beat()).toBe("ok");
      const again = new Client(world.one, { instanceId: "i" });
      await again.enter();
      again.process = world.two;
      expect(await again.beat()).toBe("ok");
    }));

  test("who led are told not to assign; older ones, that another leads", () =>
    withTopic(async (world) => {
      const first = new Client(world.one, { instanceId: "i" });
      await first.enter();
      const joined = await new Client(world.two, { instanceId: "i" }).join();
      expect(joined).toMatchObject({ generation: 1, skipAssignment: true, leader: joined.memberId });
      expect(joined.members).toHaveLength(1);
      const older = await new Client(world.one, { instanceId: "i" }).join({ skipsAssignment: false });
      expect(older).toMatchObject({ generation: 1, skipAssignment: false, leader: joined.memberId, members: [] });
    }));

  test("leave by their instance ids", () =>
    withTopic(async (world) => {
      const clients = ["i", "j"].map((instanceId) => new Client(world.one, { instanceId }));
      await Promise.all(clients.map((client) => client.enter()));
      const members = ["i", "j", "nobody"].map((instanceId) => ({ instanceId }));
      const left = await world.two.classic.leave({ ...name, members });
      expect(left.map((one) => one?.error.code)).toEqual([undefined, undefined, "UNKNOWN_MEMBER_ID"]);
      expect(await world.one.groups.describe(name)).toMatchObject({ state: "Empty", members: 0, groupEpoch: 2 });
    }));
});

describe("offsets of a classic group", () => {
  test("are committed by members of its generation alone, for one update", () =>
    withTopic(async (world) => {
      const [first, second] = await pair(world);
      const commit = (memberId: string, memberEpoch: number) =>
        outcome(world.one.groups.commit({ ...name, memberId, memberEpoch, offsets }));
      const { memberId, generation } = first.self;
      expect(await commit(memberId, generation)).toBe("ok");
      const before = countOf(world.one, "items.update");
      expect(await commit(memberId, generation)).toBe("ok");
      expect(countOf(world.one, "items.update") - before).toBe(1);
      expect(await commit(memberId, generation + 1)).toBe("ILLEGAL_GENERATION");
      expect(await commit("stranger", generation)).toBe("UNKNOWN_MEMBER_ID");
      expect(await outcome(world.one.groups.commit({ ...name, offsets }))).toBe("UNKNOWN_MEMBER_ID");
      // A process that does not know yet of which type the group is.
      const fresh = world.start();
      const late = { ...name, memberId: second.self.memberId, memberEpoch: generation, offsets };
      expect(await outcome(fresh.groups.commit(late))).toBe("ok");
      expect(await world.two.groups.committed(name)).toMatchObject([{ topic: "t", partition: 0, offset: 5 }]);
    }));

  test("are refused while the generation has no assignment; those of transactions are not", () =>
    withTopic(async (world) => {
      const client = new Client(world.one);
      const joined = await client.join();
      const { memberId } = client.self;
      const commit = { ...name, memberId, memberEpoch: joined.generation, offsets };
      expect(await outcome(world.two.groups.commit(commit))).toBe("REBALANCE_IN_PROGRESS");
      const transaction = { producerId: 7n, producerEpoch: 0 };
      expect(await outcome(world.two.transactionalOffsets.stage({ ...commit, ...transaction }))).toBe("ok");
      const stale = { ...commit, ...transaction, memberEpoch: 9 };
      expect(await outcome(world.two.transactionalOffsets.stage(stale))).toBe("ILLEGAL_GENERATION");
      await client.sync(joined);
      expect(await outcome(world.two.groups.commit(commit))).toBe("ok");
    }));

  test("of a transaction whose client does not say who it is are taken beside members", () =>
    withTopic(async (world) => {
      await new Client(world.one).enter();
      const staged = { ...name, producerId: 7n, producerEpoch: 0, offsets };
      expect(await outcome(world.one.transactionalOffsets.stage(staged))).toBe("UNKNOWN_MEMBER_ID");
      await world.one.transactionalOffsets.stage({ ...staged, anyone: true });
      expect(await world.one.groups.committed(name)).toMatchObject([{ offset: -1, unstable: true }]);
      await world.one.transactionalOffsets.decide({ ...name, producerId: 7n, producerEpoch: 0 }, true);
      expect(await world.one.groups.committed(name)).toMatchObject([{ offset: 5, unstable: false }]);
    }));

  test("are forgotten where nobody reads the topic", () =>
    withTopic(async (world) => {
      const client = new Client(world.one);
      await client.enter();
      const { memberId, generation } = client.self;
      await world.one.groups.commit({ ...name, memberId, memberEpoch: generation, offsets });
      expect(await world.one.groups.forget({ ...name, offsets })).toEqual([{ topic: "t", partition: 0, offset: 5 }]);
      expect(await world.one.groups.committed(name)).toEqual([]);
    }));
});

describe("the type of a group", () => {
  test("stays as long as it has members, and may be another then", () =>
    withTopic(async (world) => {
      const client = new Client(world.one);
      await client.enter();
      const join = { ...name, topics: ["t"] };
      expect(await outcome(world.two.groups.join(join))).toBe("INCONSISTENT_GROUP_PROTOCOL");
      const { memberId, generation } = client.self;
      await world.one.groups.commit({ ...name, memberId, memberEpoch: generation, offsets });
      await world.one.classic.leave({ ...name, members: [{ memberId }] });
      const member = await world.two.groups.join(join);
      expect(member.memberEpoch).toBeGreaterThan(generation);
      // The other process thinks that it is a classic group still.
      const commit = { ...name, memberId: member.memberId, memberEpoch: member.memberEpoch, offsets };
      expect(await outcome(world.one.groups.commit(commit))).toBe("ok");
      expect(await world.one.groups.describe(name)).toMatchObject({ type: "consumer", state: "Stable" });
      expect(await client.beat()).toBe("UNKNOWN_MEMBER_ID");
      expect(await outcome(world.one.classic.join(wish))).toBe("INCONSISTENT_GROUP_PROTOCOL");
      expect(await world.one.groups.committed(name)).toMatchObject([{ offset: 5 }]);
      await world.two.groups.leave({ ...name, memberId: member.memberId });
      client.memberId = undefined;
      await client.enter();
      expect(client.generation).toBeGreaterThan(member.memberEpoch);
      expect(await world.one.groups.describe(name)).toMatchObject({ type: "classic", state: "Stable" });
    }));

  test("of a classic group whose members are all dead may be another when somebody looks", () =>
    withTopic(async (world) => {
      await pair(world);
      await world.sleep(40_000);
      expect(await world.one.groups.describe(name)).toMatchObject({ state: "Empty", members: 0 });
      await world.one.groups.join({ ...name, topics: ["t"] });
      expect(await world.two.groups.list(name.namespace, { limit: 5 })).toMatchObject({
        items: [{ group: "g", type: "consumer", members: 1 }],
      });
    }));

  test("is told with what a classic group's members say to each other", () =>
    withTopic(async (world) => {
      const client = new Client(world.one);
      await client.enter();
      const described = await world.two.groups.describe(name);
      expect(described).toMatchObject({ type: "classic", protocolType: "consumer", assignor: "range" });
      const [member] = described.classicMembers ?? [];
      expect(described.memberList[0]?.clientHost).toBe("/127.0.0.1");
      expect(textOf(member?.metadata ?? bytesOf(""))).toBe("topics");
      expect(textOf(member?.assignment ?? bytesOf(""))).toBe(`for ${client.memberId}`);
      expect(await outcome(world.one.groups.delete(name))).toBe("NON_EMPTY_GROUP");
      await world.sleep(40_000);
      await world.two.groups.delete(name);
      expect(world.attributes()).toBeUndefined();
    }));
});

test("answers that are lost and processes that fight over the item leave one generation that all agree on", async () => {
  for (let seed = 1; seed <= 4; seed += 1) {
    const world = new GroupWorld({ seed, faults: { timeoutBefore: 0.03, timeoutAfter: 0.04, timeoutLate: 0.02 } });
    await world.run(async () => {
      const clients = Array.from({ length: 6 }, (_, index) => new Client(index % 2 === 0 ? world.one : world.two));
      await Promise.all(clients.map((client) => client.live(world, 12_000)));
      const state = await world.one.groups.describe(name);
      expect(state).toMatchObject({ state: "Stable", members: 6 });
      expect(new Set(clients.map(({ generation }) => generation))).toEqual(new Set([state.groupEpoch]));
      for (const client of clients) expect(client.assignment).toBe(`for ${client.memberId}`);
    });
  }
});
