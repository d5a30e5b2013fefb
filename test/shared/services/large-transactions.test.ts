import { expect, test } from "vitest";
import { updateExpressions } from "../../../shared/storage/aws/item-expressions.ts";
import type { ItemStore } from "../../../shared/storage/item-store.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { type GroupProcess, GroupWorld, name } from "./group-world.ts";
import { refusal } from "./topic-process.ts";

/** Refuses what DynamoDB would: an expression of more than 4 KB. */
function asDynamoDb(storage: Storage): Storage {
  const update: ItemStore["update"] = async (key, change, conditions = []) => {
    updateExpressions(change, conditions);
    return await storage.items.update(key, change, conditions);
  };
  const { items } = storage;
  const get: ItemStore["get"] = (key) => items.get(key);
  const remove: ItemStore["delete"] = (key, conditions) => items.delete(key, conditions);
  const query: ItemStore["query"] = (partition, options) => items.query(partition, options);
  return { ...storage, items: { get, update, delete: remove, query } };
}

const producer = { ...name, producerId: 7n, producerEpoch: 3 };
const logs: Parameters<GroupWorld["start"]>[2] = {
  listOffset: async () => ({ offset: 0, timestamp: -1 }),
};

async function withPartitions(main: (one: GroupProcess, world: GroupWorld) => Promise<void>): Promise<void> {
  const world = new GroupWorld();
  await world.run(async () => {
    const one = world.start({}, asDynamoDb, logs);
    await one.topics.create(name.namespace, { name: "t", partitions: 1_000 });
    await main(one, world);
  });
}

function offsetsOf(first: number, end: number): { topic: string; partition: number; offset: number }[] {
  return Array.from({ length: end - first }, (_, index) => ({
    topic: "t",
    partition: first + index,
    offset: index + 1,
  }));
}

test("offsets of more partitions than one update takes are committed with their transaction", () =>
  withPartitions(async (one, world) => {
    await one.transactionalOffsets.stage({ ...producer, offsets: offsetsOf(0, 600) });
    await one.transactionalOffsets.stage({ ...producer, offsets: offsetsOf(600, 1_000) });
    await refusal(one.groups.offsets({ ...name, stable: true }), "UNSTABLE_OFFSET_COMMIT");
    // Another process takes over half-way, and ends it.
    const two = world.start({}, asDynamoDb, logs);
    await two.transactionalOffsets.decide(producer, true);
    await one.transactionalOffsets.decide(producer, true);
    const offsets = await one.groups.offsets({ ...name, stable: true });
    expect(offsets).toHaveLength(1_000);
    expect(offsets.every(({ offset }) => offset > 0)).toBe(true);
  }));

test("a transaction whose end dies half-way is ended by another process", () =>
  withPartitions(async (one, world) => {
    await one.transactionalOffsets.stage({ ...producer, offsets: offsetsOf(0, 400) });
    const dying = world.start(
      {},
      (storage) => {
        let updates = 0;
        const update: ItemStore["update"] = async (key, change, conditions) => {
          updates += 1;
          if (updates > 1) await new Promise(() => undefined);
          return await storage.items.update(key, change, conditions);
        };
        const { items } = storage;
        return { ...storage, items: { ...items, update } };
      },
      logs,
    );
    void dying.transactionalOffsets.decide(producer, true);
    await world.sleep(5_000);
    await refusal(one.groups.offsets({ ...name, stable: true }), "UNSTABLE_OFFSET_COMMIT");
    await one.transactionalOffsets.decide(producer, true);
    expect(await one.groups.offsets({ ...name, stable: true })).toHaveLength(400);
  }));

test("offsets that would not fit the group once they are committed are refused before they are staged", () =>
  withPartitions(async (one, world) => {
    const metadata = "m".repeat(150);
    const long = offsetsOf(0, 1_000).map((offset) => ({ ...offset, metadata }));
    await refusal(one.transactionalOffsets.stage({ ...producer, offsets: long }), "INVALID_COMMIT_OFFSET_SIZE");
    expect(world.attributes()).toBeUndefined();
    await one.transactionalOffsets.stage({ ...producer, offsets: long.slice(0, 500) });
    await one.transactionalOffsets.decide(producer, true);
  }));

test("decisions of ever new producers do not fill a group that has no members", () =>
  withPartitions(async (one, world) => {
    const decide = async (producerId: bigint): Promise<void> => {
      await one.transactionalOffsets.stage({ ...producer, producerId, offsets: offsetsOf(0, 1) });
      await one.transactionalOffsets.decide({ ...producer, producerId }, true);
    };
    for (let id = 1n; id <= 120n; id += 1n) await decide(id);
    const marks = (): number => Object.keys(world.attributes() ?? {}).filter((key) => key.startsWith("d:")).length;
    expect(marks()).toBe(120);
    await world.sleep(3_700_000);
    await decide(121n);
    expect(marks()).toBe(1);
    // What was decided lately is still known.
    await refusal(
      one.transactionalOffsets.stage({ ...producer, producerId: 121n, offsets: offsetsOf(0, 1) }),
      "INVALID_TXN_STATE",
    );
  }));
