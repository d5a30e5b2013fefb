import { describe, expect, test } from "vitest";
import { shareGroupCacheMsMax } from "../../shared/limits/share-groups.ts";
import { group, ShareWorld, valuesOf } from "../shared/services/share-world.ts";

const rejectOf = (offset: number) => ({
  topic: "jobs",
  partition: 0,
  firstOffset: offset,
  lastOffset: offset,
  type: "reject" as const,
});

describe.each([10, 1_000])("with %d records in flight", (inFlight) => {
  async function prepared(deadLetterTopic?: string): Promise<ShareWorld> {
    const world = new ShareWorld();
    await world.prepare(deadLetterTopic === undefined ? {} : { deadLetterTopic });
    await world.produce(Array.from({ length: inFlight }, (_, index) => `x${index}`));
    await world.produce(Array.from({ length: 100 }, (_, index) => `y${index}`));
    // Every second record accepted: as many ranges as there can be.
    const { records } = await world.observer.acquire({ maxRecords: inFlight, maxBytes: 8_000_000 });
    expect(records).toHaveLength(inFlight);
    await world.observer.accept(records.filter(({ offset }) => offset % 2 === 1));
    world.observer.reset();
    return world;
  }

  test("an acquisition is one query and one conditional update", async () => {
    const { observer } = await prepared();
    expect(valuesOf(await observer.acquire({ maxRecords: 100 }))).toHaveLength(100);
    expect(observer.counts()).toEqual({ "logs.readFrom": 1, "items.update": 1 });
  });

  test("an acknowledgement of many ranges is one conditional update", async () => {
    const { observer } = await prepared();
    const offsets = Array.from({ length: inFlight / 2 }, (_, index) => index * 2);
    expect(await observer.accept(offsets.map((offset) => ({ topic: "jobs", partition: 0, offset })))).toBe(true);
    expect(observer.counts()).toEqual({ "items.update": 1 });
  });

  test("a dead letter is the update of its rejection, a read, a put and an update", async () => {
    const { observer } = await prepared("dead");
    await observer.shareGroups.acknowledge({ ...group, memberId: "w", acknowledgements: [rejectOf(0)] });
    await observer.acquire();
    observer.reset();
    await observer.shareGroups.acknowledge({ ...group, memberId: "w", acknowledgements: [rejectOf(inFlight)] });
    expect(observer.counts()).toEqual({ "items.update": 2, "logs.readFrom": 1, "logs.putIfAbsent": 1 });
  });

  test("a process that remembers nothing needs two gets more, and one a few seconds later one", async () => {
    const world = await prepared();
    const cold = world.start();
    await cold.fetch.listOffset("default", "jobs", 0, { at: "earliest" });
    cold.reset();
    await cold.acquire({ maxRecords: 1 });
    expect(cold.counts()).toMatchObject({ "items.get": 2, "items.update": 1 });
    const records = [{ topic: "jobs", partition: 0, offset: inFlight }];
    cold.reset();
    expect(await cold.accept(records)).toBe(true);
    expect(cold.counts()).toEqual({ "items.update": 1 });
    await world.advance(shareGroupCacheMsMax + 1);
    const [next] = (await cold.acquire({ maxRecords: 1 })).records;
    await world.advance(shareGroupCacheMsMax + 1);
    cold.reset();
    await cold.accept(next === undefined ? [] : [next]);
    // The topic is looked up again as well.
    expect(cold.counts()).toEqual({ "items.get": 2, "items.update": 1 });
  });
});

test("an empty poll is one query and one get for each partition", async () => {
  const world = new ShareWorld();
  await world.prepare({ partitions: 3 });
  for (const partition of [0, 1, 2]) await world.produce(["x"], partition);
  for (let left = 3; left > 0;) {
    const { records } = await world.observer.acquire();
    await world.observer.accept(records);
    left -= records.length;
  }
  world.observer.reset();
  await world.observer.acquire();
  expect(world.observer.counts()).toEqual({ "items.get": 3, "logs.readFrom": 3 });
});
