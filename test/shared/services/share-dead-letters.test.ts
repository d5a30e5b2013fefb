import { beforeEach, describe, expect, test } from "vitest";
import { shareDeadLetterClaimMs, shareSkewMs } from "../../../shared/limits/share-groups.ts";
import { StorageUnavailableError } from "../../../shared/storage/errors.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { group, headersOf, namespace, type ShareProcess, ShareWorld, textOf, valuesOf } from "./share-world.ts";
import { refusal } from "./topic-process.ts";

const lockMs = 30_000;
let world: ShareWorld;

beforeEach(() => {
  world = new ShareWorld();
});

async function reject(process: ShareProcess, firstOffset: number, lastOffset = firstOffset): Promise<void> {
  const acknowledgements = [{ topic: "jobs", partition: 0, firstOffset, lastOffset, type: "reject" } as const];
  const results = await process.shareGroups.acknowledge({ ...group, memberId: "w", acknowledgements });
  expect(results.map(({ error }) => error)).toEqual([undefined]);
}

async function lettersOf(): Promise<readonly string[]> {
  return (await world.readAll("dead")).map(({ value }) => textOf(value));
}

describe("a dead letter", () => {
  test("has the record's key, value and headers, and says where it came from and why", async () => {
    await world.prepare({ deadLetterTopic: "dead" });
    await world.produce(["a", "b"]);
    await world.observer.acquire();
    await reject(world.observer, 1);
    const [letter, ...others] = await world.readAll("dead");
    expect(others).toEqual([]);
    if (letter === undefined) throw new Error("there is no dead letter");
    expect([textOf(letter.key), textOf(letter.value)]).toEqual(["b", "b"]);
    expect(headersOf(letter)).toEqual({
      own: "",
      "__dlq.errors.topic": "jobs",
      "__dlq.errors.partition": "0",
      "__dlq.errors.offset": "1",
      "__dlq.errors.group": "workers",
      "__dlq.errors.delivery.count": "1",
      "__dlq.errors.message": "The record was rejected",
    });
    const { partitions } = await world.observer.shareGroups.describe(group);
    expect(partitions).toMatchObject([{ startOffset: 0, acquired: 1, lag: 1 }]);
  });

  test("comes of a record whose locks ran out, or that was released, as often as it may be delivered", async () => {
    await world.prepare({ deadLetterTopic: "dead", deliveriesMax: 3 });
    await world.produce(["poison"]);
    for (const deliveryCount of [1, 2, 3]) {
      const process = world.start();
      expect((await process.acquire()).records).toMatchObject([{ deliveryCount }]);
      const release = { topic: "jobs", partition: 0, firstOffset: 0, lastOffset: 0, type: "release" } as const;
      if (deliveryCount === 2) {
        await process.shareGroups.acknowledge({ ...group, memberId: "w", acknowledgements: [release] });
      } else await world.advance(lockMs + shareSkewMs);
    }
    expect(await world.readAll("dead")).toEqual([]);
    expect(valuesOf(await world.start().acquire())).toEqual([]);
    const [letter] = await world.readAll("dead");
    expect(letter && headersOf(letter)).toMatchObject({
      "__dlq.errors.delivery.count": "3",
      "__dlq.errors.message": "The record was delivered too often",
    });
    expect((await world.observer.shareGroups.describe(group)).partitions).toMatchObject([{ startOffset: 1, lag: 0 }]);
  });

  test("is dropped where there is no dead-letter topic", async () => {
    await world.prepare();
    await world.produce(["a", "b"]);
    await world.observer.acquire();
    await reject(world.observer, 0, 1);
    expect((await world.observer.shareGroups.describe(group)).partitions).toMatchObject([{ startOffset: 2, lag: 0 }]);
  });

  test("waits until the topic is there again, and is not lost", async () => {
    await world.prepare({ deadLetterTopic: "dead" });
    await world.produce(["a", "b"]);
    await world.observer.acquire();
    await world.observer.topics.delete(namespace, "dead");
    await reject(world.observer, 0, 1);
    expect((await world.observer.shareGroups.describe(group)).partitions).toMatchObject([{ startOffset: 0, lag: 2 }]);
    await world.observer.topics.create(namespace, { name: "dead" });
    await world.advance(shareDeadLetterClaimMs + shareSkewMs);
    expect(valuesOf(await world.start().acquire())).toEqual([]);
    expect(await lettersOf()).toEqual(["a", "b"]);
  });

  test("goes without its content where the topic does not take that", async () => {
    await world.prepare();
    await world.observer.topics.create(namespace, { name: "dead", config: { "max.message.bytes": "500" } });
    await world.observer.shareGroups.configure(group, { deadLetterTopic: "dead" });
    await world.produce(["x".repeat(1_000), "b"]);
    await world.observer.acquire();
    await reject(world.observer, 0, 1);
    expect((await lettersOf()).toSorted()).toEqual(["", "b"]);
    expect(await world.observer.shareGroups.redrive({ ...group, maxRecords: 9 })).toEqual({ redriven: 1, more: false });
  });

  test("is delivered once although the process dies between its delivery and the update after it", async () => {
    await world.prepare({ deadLetterTopic: "dead" });
    await world.produce(["a", "b", "c"]);
    let updates = 0;
    const dying = world.start((storage: Storage) => ({
      ...storage,
      items: {
        ...storage.items,
        get: (key) => storage.items.get(key),
        query: (partition, options) => storage.items.query(partition, options),
        delete: (key, conditions) => storage.items.delete(key, conditions),
        update: (key, change, conditions) => {
          if (key.partition.startsWith("share:")) updates += 1;
          // The acquisition, the rejection, and then what would call them done.
          if (updates > 2) return Promise.reject(new StorageUnavailableError("no"));
          return storage.items.update(key, change, conditions);
        },
      },
    }));
    await dying.acquire();
    await reject(dying, 0, 2);
    expect(await lettersOf()).toEqual(["a", "b", "c"]);
    expect((await world.observer.shareGroups.describe(group)).partitions).toMatchObject([{ startOffset: 0, lag: 3 }]);
    await world.advance(shareDeadLetterClaimMs + shareSkewMs);
    await Promise.all([world.start().acquire(), world.start().acquire()]);
    expect(await lettersOf()).toEqual(["a", "b", "c"]);
    expect((await world.observer.shareGroups.describe(group)).partitions).toMatchObject([{ startOffset: 3, lag: 0 }]);
  });
});

describe("redrive", () => {
  test("sends each record back once, as it was, with the count of redrives", async () => {
    await world.prepare({ deadLetterTopic: "dead", partitions: 2 });
    await world.produce(["a", "b", "c"]);
    await world.observer.acquire();
    await reject(world.observer, 0, 2);
    expect(await world.observer.shareGroups.redrive({ ...group, maxRecords: 2 })).toEqual({ redriven: 2, more: true });
    const rest = { ...group, maxRecords: 10 };
    expect(await world.start().shareGroups.redrive(rest)).toEqual({ redriven: 1, more: false });
    expect(await world.start().shareGroups.redrive(rest)).toEqual({ redriven: 0, more: false });
    const records = (await world.readAll("jobs")).slice(3);
    expect(records.map(({ key, value }) => [textOf(key), textOf(value)])).toEqual([
      ["a", "a"],
      ["b", "b"],
      ["c", "c"],
    ]);
    expect(records.map(headersOf)).toEqual(records.map(() => ({ own: "", "__redrive.count": "1" })));
    expect((await world.observer.acquire()).records).toMatchObject(
      [3, 4, 5].map((offset) => ({ offset, deliveryCount: 1 })),
    );
    await reject(world.observer, 4);
    expect(await world.observer.shareGroups.redrive(rest)).toEqual({ redriven: 1, more: false });
    const again = (await world.readAll("jobs")).at(-1);
    expect(again && headersOf(again)).toEqual({ own: "", "__redrive.count": "2" });
  });

  test("passes over what is no dead letter of the group, and what has no topic to go back to", async () => {
    await world.prepare({ deadLetterTopic: "dead" });
    await world.observer.topics.create(namespace, { name: "gone" });
    await world.produce(["a"]);
    await world.produce(["lost"], 0, "gone");
    await world.produce(["no letter"], 0, "dead");
    const others = { namespace, group: "others" };
    await world.observer.shareGroups.configure(others, { startAt: "earliest", deadLetterTopic: "dead" });
    for (const name of [others, group]) {
      for (const topic of ["jobs", "gone"]) {
        await world.observer.acquire({ ...name, topics: [topic] });
        const acknowledgements = [{ topic, partition: 0, firstOffset: 0, lastOffset: 0, type: "reject" } as const];
        await world.observer.shareGroups.acknowledge({ ...name, memberId: "w", acknowledgements });
      }
    }
    await world.observer.topics.delete(namespace, "gone");
    expect(await world.observer.shareGroups.redrive({ ...group, maxRecords: 10 })).toEqual({
      redriven: 1,
      more: false,
    });
    expect((await world.readAll("jobs")).map(({ value }) => textOf(value))).toEqual(["a", "a"]);
  });

  test("sends each record once where several redrive at the same time", async () => {
    await world.prepare({ deadLetterTopic: "dead" });
    const values = Array.from({ length: 150 }, (_, index) => `x${index}`);
    await world.produce(values);
    for (let part = 0; part < 3; part += 1) {
      const { records } = await world.observer.acquire({ maxRecords: 50 });
      await reject(world.observer, records[0]?.offset ?? 0, records.at(-1)?.offset);
    }
    const redrives = [1, 2, 3].map(() => world.start().shareGroups.redrive({ ...group, maxRecords: 1_000 }));
    const answers = await Promise.all(redrives);
    expect(answers.every(({ more }) => !more)).toBe(true);
    const sent = (await world.readAll("jobs")).slice(values.length).map(({ value }) => textOf(value));
    expect(sent.toSorted()).toEqual(values.toSorted());
  });

  test("is refused for a group without a dead-letter topic, and for a group that there is not", async () => {
    await world.prepare();
    await refusal(world.observer.shareGroups.redrive({ ...group, maxRecords: 1 }), "INVALID_CONFIG");
    await refusal(
      world.observer.shareGroups.redrive({ namespace, group: "none", maxRecords: 1 }),
      "GROUP_ID_NOT_FOUND",
    );
  });
});
