/** Offsets that transactions commit: how many there may be, and what processes that stand still or die make of them. */
import { describe, expect, test } from "vitest";
import type { OffsetToCommit } from "../../../shared/services/groups.ts";
import { StorageUnavailableError } from "../../../shared/storage/errors.ts";
import { GroupWorld, name } from "./group-world.ts";
import { interruptRequests } from "./interrupt-requests.ts";
import { refusal } from "./topic-process.ts";

const producer = { ...name, producerId: 7n, producerEpoch: 3 };

/** A world with topic `wide`. */
async function withTopic(partitions: number, main: (world: GroupWorld) => Promise<void>): Promise<void> {
  const world = new GroupWorld();
  await world.run(async () => {
    await world.one.topics.create(name.namespace, { name: "wide", partitions });
    await main(world);
  });
}

/** Offset `value` for the partitions of `wide` from the one on, before the other. */
function wide(from: number, to: number, value: number): OffsetToCommit[] {
  return Array.from({ length: to - from }, (_, index) => ({ topic: "wide", partition: from + index, offset: value }));
}

describe("many offsets of a transaction", () => {
  test.each([false, true])("are moved however many they are, also where answers are lost: %s", (isFaulty) =>
    withTopic(700, async (world) => {
      const { two, store } = world;
      const sizes: number[] = [];
      const counting = world.start({}, (storage) => ({
        ...storage,
        items: {
          get: (key) => storage.items.get(key),
          query: (...query) => storage.items.query(...query),
          delete: (...deletion) => storage.items.delete(...deletion),
          update: (key, change, conditions) => {
            sizes.push(Object.keys(change.set ?? {}).length);
            return storage.items.update(key, change, conditions);
          },
        },
      }));
      await two.transactionalOffsets.stage({ ...producer, offsets: wide(0, 400, 1) });
      await two.transactionalOffsets.stage({ ...producer, offsets: wide(350, 700, 2) });
      if (isFaulty) store.failNext("items.update", "timeoutAfter", 2);
      await counting.transactionalOffsets.decide(producer, true);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(310);
      const attributes = world.attributes() ?? {};
      const committed = Object.entries(attributes).filter(([key]) => key.startsWith("o:"));
      expect(committed.length).toBe(700);
      expect(committed.filter(([, value]) => String(value).startsWith("2,")).length).toBe(350);
      expect(Object.keys(attributes).some((key) => key.startsWith("x:"))).toBe(false);
      await counting.transactionalOffsets.decide(producer, true);
      await refusal(two.transactionalOffsets.stage({ ...producer, offsets: wide(0, 1, 3) }), "INVALID_TXN_STATE");
    }),
  );

  test("are finished by another process where one has moved some and died", () =>
    withTopic(400, async (world) => {
      const { one, two } = world;
      await one.transactionalOffsets.stage({ ...producer, offsets: wide(0, 400, 7) });
      const dying = world.start({}, (storage) =>
        interruptRequests(storage, ({ index, send }) =>
          index < 2 ? send() : Promise.reject(new StorageUnavailableError("dead")),
        ),
      );
      await refusal(dying.transactionalOffsets.decide(producer, true), "KAFKA_STORAGE_ERROR");
      await refusal(two.groups.offsets({ ...name, stable: true }), "UNSTABLE_OFFSET_COMMIT");
      // Who has seen what was moved may have gone on from there.
      await two.groups.commit({ ...name, offsets: wide(0, 1, 9) });
      await two.transactionalOffsets.decide(producer, true);
      const committed = await two.groups.offsets({ ...name, stable: true });
      expect(committed.map(({ offset }) => offset)).toEqual([9, ...Array.from({ length: 399 }, () => 7)]);
    }));

  test("are refused where they are more than a group can have", () =>
    withTopic(3_100, async ({ one }) => {
      const stage = (from: number, to: number): Promise<void> =>
        one.transactionalOffsets.stage({ ...producer, offsets: wide(from, to, 1) });
      await refusal(stage(0, 3_001), "INVALID_COMMIT_OFFSET_SIZE");
      await stage(0, 2_000);
      await refusal(stage(2_000, 3_001), "INVALID_COMMIT_OFFSET_SIZE");
      await one.transactionalOffsets.decide(producer, true);
      expect((await one.groups.offsets(name)).length).toBe(2_000);
    }));
});

test.each(["at its request", "before"])(
  "offsets of a process that stood still %s do not replace later ones",
  async (when) => {
    await withTopic(1, async (world) => {
      const { two } = world;
      const { timers, clock } = two.process.storage;
      const late = world.start({}, (storage) =>
        interruptRequests(storage, async ({ name: request, send }) => {
          if (request === "items.update") await timers.sleep(3_000);
          return await send();
        }),
      );
      const askedAtMs = clock.wallMs();
      const stage = (): Promise<void> =>
        late.transactionalOffsets.stage({ ...producer, offsets: wide(0, 1, 4), askedAtMs });
      const staged = when === "before" ? undefined : stage();
      await timers.sleep(1_000);
      await two.transactionalOffsets.stage({ ...producer, offsets: wide(0, 1, 4) });
      await two.transactionalOffsets.stage({ ...producer, offsets: wide(0, 1, 6) });
      await refusal(staged ?? stage(), "REQUEST_TIMED_OUT");
      await two.transactionalOffsets.decide(producer, true);
      expect(await two.groups.offsets(name)).toMatchObject([{ offset: 6 }]);
    });
  },
);

test("offsets of a process that stood still until nobody knows the decision any more are not staged", async () => {
  await withTopic(1, async (world) => {
    const { one, two } = world;
    const askedAtMs = one.process.storage.clock.wallMs();
    await two.transactionalOffsets.stage({ ...producer, offsets: wide(0, 1, 4) });
    await two.transactionalOffsets.decide(producer, true);
    await world.sleep(2 * 3_600_000);
    const member = await two.groups.join({ ...name, topics: ["wide"] });
    await two.groups.leave({ ...name, memberId: member.memberId });
    expect(Object.keys(world.attributes() ?? {}).some((key) => key.startsWith("d:"))).toBe(false);
    const late = one.transactionalOffsets.stage({ ...producer, offsets: wide(0, 1, 4), askedAtMs });
    await refusal(late, "REQUEST_TIMED_OUT");
    expect(await two.groups.offsets({ ...name, stable: true })).toMatchObject([{ offset: 4 }]);
  });
});

test("marks of decisions do not pile up in a group whose members stay", async () => {
  await withTopic(1, async (world) => {
    const { one } = world;
    let markedMax = 0;
    for (let id = 1n; id <= 400n; id += 1n) {
      const transaction = { ...name, producerId: id, producerEpoch: 0 };
      await one.transactionalOffsets.stage({ ...transaction, offsets: wide(0, 1, Number(id)) });
      await one.transactionalOffsets.decide(transaction, true);
      await world.sleep(120_000);
      const marked = Object.keys(world.attributes() ?? {}).filter((key) => key.startsWith("d:"));
      markedMax = Math.max(markedMax, marked.length);
    }
    // Thirty in an hour, in which they are kept.
    expect(markedMax).toBeLessThanOrEqual(85);
    expect(await one.groups.offsets(name)).toMatchObject([{ offset: 400 }]);
  });
});
