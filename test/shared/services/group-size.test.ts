import { describe, expect, test } from "vitest";
import { GroupWorld, name, settle, truth } from "./group-world.ts";
import { refusal } from "./topic-process.ts";
import { groupKey } from "../../../shared/storage/item-keys.ts";

async function withTopic(main: (world: GroupWorld) => Promise<void>): Promise<void> {
  const world = new GroupWorld();
  await world.run(async () => {
    await world.one.topics.create(name.namespace, { name: "t", partitions: 4 });
    await main(world);
  });
}

/** As when many processes that do not know of each other have committed at the same time. */
function fill(world: GroupWorld, bytes: number): void {
  const text = `1,${world.store.wallMs()},${"m".repeat(4_000)}`;
  const set = Object.fromEntries(
    Array.from({ length: Math.ceil(bytes / 4_030) }, (_, index) => [`o:other/${index}`, text]),
  );
  world.store.items.update(groupKey(name.namespace, name.group), { set }, []);
}

describe("a group whose item is as large as it may be, or larger", () => {
  test("lets members take, give up, leave and expire, and is smaller then", () =>
    withTopic(async (world) => {
      const { one } = world;
      const first = await one.groups.join({ ...name, topics: ["t"] });
      const second = await one.groups.join({ ...name, topics: ["t"] });
      const third = await one.groups.join({ ...name, topics: ["t"], sessionTimeoutMs: 1_000 });
      fill(world, 305_000);
      await refusal(one.groups.join({ ...name, topics: ["t"] }), "GROUP_MAX_SIZE_REACHED");
      const [present] = await settle(one, [first, second, third]);
      await world.sleep(1_300);
      await one.groups.leave({ ...name, memberId: second.memberId });
      const [alone] = await settle(one, [present ?? first]);
      expect(alone?.assignment).toEqual([{ topic: "t", partitions: [0, 1, 2, 3] }]);
      const offsets = [{ topic: "t", partition: 0, offset: 1 }];
      await refusal(one.groups.commit({ ...name, ...first, ...alone, offsets }), "INVALID_COMMIT_OFFSET_SIZE");
      await one.groups.leave({ ...name, memberId: first.memberId });
      await one.groups.delete(name);
    }));

  test("takes a commit that makes it no larger", () =>
    withTopic(async (world) => {
      const { one } = world;
      const member = await one.groups.join({ ...name, topics: ["t"] });
      const commit = (offset: number): Promise<unknown> =>
        one.groups.commit({ ...name, ...member, offsets: [{ topic: "t", partition: 0, offset }] });
      await commit(1);
      fill(world, 305_000);
      await one.groups.describe(name);
      await commit(2);
      expect((await one.groups.heartbeat(truth(member))).memberEpoch).toBe(member.memberEpoch);
    }));
});

describe("topics that come later and do not fit", () => {
  test("are left out also where offsets have filled the item", () =>
    withTopic(async (world) => {
      const { one } = world;
      let member = await one.groups.join({ ...name, topicPattern: ".*" });
      fill(world, 290_000);
      for (let index = 0; index < 200; index += 1) {
        await one.topics.create(name.namespace, { name: `z${index}${"x".repeat(240)}` });
      }
      await world.sleep(6_000);
      member = await one.groups.heartbeat(truth(member));
      expect(member.assignment).toEqual([{ topic: "t", partitions: [0, 1, 2, 3] }]);
      await refusal(one.groups.heartbeat({ ...truth(member), topicPattern: "z.*" }), "GROUP_MAX_SIZE_REACHED");
    }));

  test("are left out: heartbeats go on", () =>
    withTopic(async (world) => {
      const { one } = world;
      let member = await one.groups.join({ ...name, topicPattern: ".*" });
      const long = (index: number): string => `z${String(index).padStart(4, "0")}${"x".repeat(240)}`;
      for (let index = 0; index < 900; index += 1) {
        await one.topics.create(name.namespace, { name: long(index) });
      }
      await world.sleep(6_000);
      for (let beat = 0; beat < 3; beat += 1) {
        member = await one.groups.heartbeat(truth(member));
        await world.sleep(6_000);
      }
      expect(member.assignment[0]).toEqual({ topic: "t", partitions: [0, 1, 2, 3] });
      const taken = member.assignment.length;
      expect(taken).toBeGreaterThan(100);
      expect(taken).toBeLessThan(900);
      await one.groups.commit({ ...name, ...member, offsets: [{ topic: "t", partition: 0, offset: 0 }] });
    }));
});
