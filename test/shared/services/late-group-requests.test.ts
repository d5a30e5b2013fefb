import { describe, expect, test } from "vitest";
import type { Storage } from "../../../shared/storage/storage.ts";
import { type GroupProcess, GroupWorld, name, truth } from "./group-world.ts";
import { interruptRequests } from "./interrupt-requests.ts";
import { refusal } from "./topic-process.ts";

interface Frozen extends GroupProcess {
  readonly goOn: () => void;
}

/** A process that stands still before it sends its `index`th request to the group's item. */
function frozen(world: GroupWorld, index: number): Frozen {
  const { promise, resolve } = Promise.withResolvers<void>();
  let requests = 0;
  const wrap = (storage: Storage): Storage =>
    interruptRequests(storage, async (step) => {
      const isGroups = step.name === "items.update" || step.name === "items.get";
      if (isGroups) requests += 1;
      if (isGroups && requests - 1 === index) await promise;
      return await step.send();
    });
  return Object.assign(world.start({}, wrap), { goOn: resolve });
}

async function withTopic(main: (world: GroupWorld) => Promise<void>): Promise<void> {
  const world = new GroupWorld();
  await world.run(async () => {
    await world.one.topics.create(name.namespace, { name: "t", partitions: 2 });
    await main(world);
  });
}

describe("what a process that stood still says for a member that has spoken since", () => {
  test.each([0, 1])("gives up nothing of what it holds, when a heartbeat comes late (request %i)", (index) =>
    withTopic(async (world) => {
      const { one } = world;
      const slow = frozen(world, index);
      const first = await one.groups.join({ ...name, topics: ["t"] });
      // Sent before it has taken what it was given.
      const late = refusal(slow.groups.heartbeat({ ...truth(first), owned: [] }), "REQUEST_TIMED_OUT");
      await world.sleep(1_000);
      await one.groups.heartbeat(truth(first));
      const second = await one.groups.join({ ...name, topics: ["t"] });
      const told = await one.groups.heartbeat(truth(first));
      expect(told.assignment).toEqual([{ topic: "t", partitions: [0] }]);
      slow.goOn();
      await late;
      expect((await one.groups.heartbeat(truth(second))).assignment).toEqual([]);
      const stillHeld = await one.groups.heartbeat({ ...truth(told), owned: first.assignment });
      expect(stillHeld.memberEpoch).toBe(first.memberEpoch);
    }),
  );

  test("gives up nothing either when a join comes late", () =>
    withTopic(async (world) => {
      const { one } = world;
      const slow = frozen(world, 0);
      const wish = { ...name, topics: ["t"], memberId: "me" };
      const late = refusal(slow.groups.join(wish), "REQUEST_TIMED_OUT");
      await world.sleep(1_000);
      const first = await one.groups.join(wish);
      const second = await one.groups.join({ ...name, topics: ["t"] });
      await one.groups.heartbeat(truth(first));
      slow.goOn();
      await late;
      expect((await one.groups.heartbeat(truth(second))).assignment).toEqual([]);
      const stillHeld = await one.groups.heartbeat({ ...truth(first), owned: first.assignment });
      expect(stillHeld.memberEpoch).toBe(first.memberEpoch);
    }));

  test("does not make it leave", () =>
    withTopic(async (world) => {
      const { one } = world;
      const slow = frozen(world, 0);
      const wish = { ...name, topics: ["t"], memberId: "me" };
      await one.groups.join(wish);
      const late = refusal(slow.groups.leave({ ...name, memberId: "me" }), "REQUEST_TIMED_OUT");
      await world.sleep(1_000);
      await one.groups.leave({ ...name, memberId: "me" });
      const again = await one.groups.join(wish);
      slow.goOn();
      await late;
      expect((await one.groups.heartbeat(truth(again))).memberEpoch).toBe(again.memberEpoch);
    }));
});

test("a process that stood still drops no group that has begun in the place of a forgotten one", () =>
  withTopic(async (world) => {
    const { one } = world;
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = world.start({}, (storage) =>
      interruptRequests(storage, async ({ name: request, send }) => {
        if (request === "items.delete") await promise;
        return await send();
      }),
    );
    const commit = (process: GroupProcess, offset: number): Promise<unknown> =>
      process.groups.commit({ ...name, offsets: [{ topic: "t", partition: 0, offset }] });
    await commit(one, 1);
    await world.sleep(8 * 86_400_000);
    const late = slow.groups.join({ ...name, topics: ["t"] });
    await world.sleep(100);
    await commit(one, 3);
    resolve();
    await late;
    expect((await one.groups.offsets(name)).map(({ offset }) => offset)).toEqual([3, -1]);
  }));

test("a heartbeat and a join whose first request takes long are heard all the same", () =>
  withTopic(async (world) => {
    const { one } = world;
    const first = await one.groups.join({ ...name, topics: ["t"], memberId: "me" });
    for (const index of [0, 1]) {
      const slow = frozen(world, index);
      const heartbeat = slow.groups.heartbeat(truth(first));
      await world.sleep(2_000);
      slow.goOn();
      expect((await heartbeat).memberEpoch).toBe(first.memberEpoch);
      const joining = frozen(world, index);
      const join = joining.groups.join({ ...name, topics: ["t"], memberId: "me" });
      await world.sleep(2_000);
      joining.goOn();
      expect((await join).memberEpoch).toBe(first.memberEpoch);
      await world.sleep(1_000);
    }
  }));
