import { beforeEach, describe, expect, test } from "vitest";
import {
  shareAttemptsKept,
  shareLockMsDefault,
  shareSkewMs,
  shareUpdateTriesMax,
} from "../../../shared/limits/share-groups.ts";
import { StorageTimeoutError } from "../../../shared/storage/errors.ts";
import type { ItemWriteResult } from "../../../shared/storage/item-store.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { group, ShareWorld, valuesOf } from "./share-world.ts";
import { refusal } from "./topic-process.ts";

let world: ShareWorld;

beforeEach(async () => {
  world = new ShareWorld();
  await world.prepare();
  await world.produce(["a", "b"]);
});

/** Does something else to the updates of share partitions. */
function updating(
  update: (apply: () => Promise<ItemWriteResult>) => Promise<ItemWriteResult>,
): (storage: Storage) => Storage {
  return (storage) => ({
    ...storage,
    items: {
      get: (key) => storage.items.get(key),
      query: (partition, options) => storage.items.query(partition, options),
      delete: (key, conditions) => storage.items.delete(key, conditions),
      update: (key, change, conditions) => {
        const apply = () => storage.items.update(key, change, conditions);
        return key.partition.startsWith("share:") ? update(apply) : apply();
      },
    },
  });
}

/** The first so many answers are lost; the updates are applied. */
function losing(answers: number, meanwhile: () => Promise<unknown> = async () => undefined) {
  let left = answers;
  return updating(async (apply) => {
    const result = await apply();
    if (left === 0) return result;
    left -= 1;
    await meanwhile();
    throw new StorageTimeoutError("no answer");
  });
}

const firstOf = { topic: "jobs", partition: 0, offset: 0 };

describe("an update whose answer is lost", () => {
  test("is recognised by its attempt", async () => {
    expect(valuesOf(await world.start(losing(1)).acquire())).toEqual(["a", "b"]);
    expect(await world.start(losing(1)).accept([firstOf])).toBe(true);
    expect((await world.observer.shareGroups.describe(group)).partitions).toMatchObject([{ startOffset: 1 }]);
  });

  // Found by simulation (share-groups, seed 609): it was told to be refused.
  test("is not said to be refused where so many have changed the partition since that it is forgotten", async () => {
    await world.observer.acquire();
    const { shareGroups } = world.observer;
    const second = { topic: "jobs", partition: 0, firstOffset: 1, lastOffset: 1 };
    const renewOften = async (): Promise<void> => {
      const acknowledgements = [{ ...second, type: "renew" }] as const;
      for (let change = 0; change <= shareAttemptsKept; change += 1) {
        await shareGroups.acknowledge({ ...group, memberId: "w", acknowledgements });
      }
    };
    const acknowledgements = [{ ...second, firstOffset: 0, lastOffset: 0, type: "accept" }] as const;
    const overtaken = world.start(losing(1, renewOften));
    const [result] = await overtaken.shareGroups.acknowledge({ ...group, memberId: "w", acknowledgements });
    expect(result?.error).toMatchObject({ code: "REQUEST_TIMED_OUT", effect: "unknown" });
    expect((await shareGroups.describe(group)).partitions).toMatchObject([{ startOffset: 1 }]);
  });

  test("is recognised also where others have changed the partition since", async () => {
    await world.observer.acquire();
    const second = { ...firstOf, offset: 1 };
    const overtaken = world.start(losing(1, () => world.observer.accept([second])));
    expect(await overtaken.accept([firstOf])).toBe(true);
    expect((await world.observer.shareGroups.describe(group)).partitions).toMatchObject([{ startOffset: 2, lag: 0 }]);
  });

  test("is reported unknown if none comes, and what was acquired comes back", async () => {
    await refusal(world.start(losing(shareUpdateTriesMax)).acquire(), "REQUEST_TIMED_OUT");
    expect(valuesOf(await world.observer.acquire())).toEqual([]);
    await world.advance(shareLockMsDefault + shareSkewMs);
    expect((await world.observer.acquire()).records).toMatchObject([{ deliveryCount: 2 }, { deliveryCount: 2 }]);
  });

  test("of an acknowledgement is told with its range; the repeat finds that it was applied", async () => {
    await world.observer.acquire();
    const accept = { topic: "jobs", partition: 0, firstOffset: 0, lastOffset: 1, type: "accept" } as const;
    const request = { ...group, memberId: "w", acknowledgements: [accept] };
    const [lost] = await world.start(losing(shareUpdateTriesMax)).shareGroups.acknowledge(request);
    expect(lost?.error).toMatchObject({ code: "REQUEST_TIMED_OUT", effect: "unknown" });
    const [repeated] = await world.start().shareGroups.acknowledge(request);
    expect(repeated?.error).toMatchObject({ code: "INVALID_RECORD_STATE" });
  });
});

describe("a process that stood still while the group was deleted and made again", () => {
  /** Waits before the first update of such an item, and lets others do something meanwhile. */
  function frozen(partitions: string, meanwhile: () => Promise<unknown>): (storage: Storage) => Storage {
    let isFirst = true;
    return (storage) => ({
      ...storage,
      items: {
        get: (key) => storage.items.get(key),
        query: (partition, options) => storage.items.query(partition, options),
        delete: (key, conditions) => storage.items.delete(key, conditions),
        update: async (key, change, conditions) => {
          if (isFirst && key.partition.startsWith(partitions)) {
            isFirst = false;
            await meanwhile();
          }
          return await storage.items.update(key, change, conditions);
        },
      },
    });
  }

  test("changes nothing of the new one's records, though its item counts to the same version", async () => {
    const { shareGroups } = world.observer;
    await world.observer.acquire();
    const slow = world.start(
      frozen("share:", async () => {
        await world.advance(shareLockMsDefault + shareSkewMs);
        await shareGroups.delete(group);
        await shareGroups.configure(group, { startAt: "earliest" });
        expect(valuesOf(await world.observer.acquire({ memberId: "new" }))).toEqual(["a", "b"]);
      }),
    );
    expect(await slow.accept([firstOf])).toBe(false);
    expect(valuesOf(await world.start().acquire())).toEqual([]);
    expect(await world.observer.accept([firstOf], "new")).toBe(true);
  });

  test("changes nothing of the new one's settings", async () => {
    const { shareGroups } = world.observer;
    const slow = world.start(
      frozen("groups:", async () => {
        await shareGroups.delete(group);
        await shareGroups.configure(group, { startAt: "earliest" });
        await world.observer.acquire({ memberId: "new" });
      }),
    );
    await world.observer.acquire({ topics: ["jobs"] });
    await world.observer.accept([firstOf, { ...firstOf, offset: 1 }]);
    await slow.shareGroups.configure(group, { lockMs: 5_000 });
    expect(await world.start().accept([firstOf], "new")).toBe(true);
    expect((await world.start().shareGroups.describe(group)).config).toMatchObject({ lockMs: 5_000 });
  });
});

describe("workers on many processes at the same time", () => {
  test("acquire and accept each record once", async () => {
    await world.produce(Array.from({ length: 98 }, (_, index) => `x${index}`));
    const processes = Array.from({ length: 6 }, () => world.start());
    const values: string[] = [];
    await Promise.all(
      processes.map(async (process, index) => {
        for (let empty = 0; empty < 3;) {
          const answer = await process.acquire({ memberId: `w${index}`, maxRecords: 7 });
          values.push(...valuesOf(answer));
          if (answer.records.length === 0) empty += 1;
          else expect(await process.accept(answer.records, `w${index}`)).toBe(true);
        }
      }),
    );
    expect(values).toHaveLength(100);
    expect(new Set(values).size).toBe(100);
    expect((await world.observer.shareGroups.describe(group)).partitions).toMatchObject([{ startOffset: 100, lag: 0 }]);
  });

  test("of one process take turns, and lose no race with each other", async () => {
    await world.produce(Array.from({ length: 98 }, (_, index) => `x${index}`));
    const process = world.start();
    // The first of all notes the topic in the group's item.
    await process.acquire({ maxRecords: 1 });
    process.reset();
    const [first] = await Promise.all(
      Array.from({ length: 20 }, (_, index) => process.acquire({ memberId: `w${index}`, maxRecords: 5 })),
    );
    expect(first?.records).toHaveLength(5);
    expect(process.counts()["items.update"]).toBe(20);
  });
});
