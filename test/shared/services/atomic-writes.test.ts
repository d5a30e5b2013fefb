import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../shared/api/errors.ts";
import { requestRecordsMax } from "../../../shared/limits.ts";
import { atomicResultKeptMs } from "../../../shared/limits/transactions.ts";
import type { AtomicWrite } from "../../../shared/services/transactions.ts";
import { group, namespace, record, TransactionWorld } from "./transaction-world.ts";

const produce = [
  { topic: "orders", records: [record("a", 0), record("b", 1), record("c", 0)] },
  { topic: "totals", records: [record("d", 2)] },
];
const offsets = [{ group, offsets: [{ topic: "source", partition: 0, offset: 7 }] }];
const write: AtomicWrite = { namespace, produce, offsets };

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (cause) {
    return cause instanceof ServiceError ? `${cause.code} ${cause.effect}` : String(cause);
  }
}

async function inWorld(
  main: (world: TransactionWorld) => Promise<void>,
  world = new TransactionWorld(),
): Promise<void> {
  await world.run(() => main(world));
}

function nothingSeen(world: TransactionWorld): boolean {
  const seen = [world.seen("orders", 0), world.seen("orders", 1), world.seen("totals", 2)];
  const open = [world.open("orders", 0), world.open("orders", 1), world.open("totals", 2)];
  return seen.every(({ length }) => length === 0) && open.every((count) => count === 0);
}

describe("a write in one call", () => {
  test("is seen everywhere, and answers each record in the order of the request", () =>
    inWorld(async (world) => {
      const again = [...produce, { topic: "orders", records: [record("e", 1), record("f", 0)] }];
      const { results } = await world.observer.transactions.execute({ ...write, produce: again });
      expect(results.map(({ topic, partition, offset }) => `${topic}:${partition}:${offset}`)).toEqual([
        "orders:0:0",
        "orders:1:0",
        "orders:0:1",
        "totals:2:0",
        "orders:1:1",
        "orders:0:2",
      ]);
      expect(world.seen("orders", 0)).toEqual(["a", "c", "f"]);
      expect(world.seen("orders", 1)).toEqual(["b", "e"]);
      expect(world.seen("totals", 2)).toEqual(["d"]);
      expect(world.group()).toEqual({ committed: { "source:0": 7 }, staged: 0 });
    }));

  test("gives records with the same key the same partition, as a plain produce does", () =>
    inWorld(async (world) => {
      const keyed = [1, 2, 3, 4].map((n) => ({ ...record(`v${n}`), key: new Uint8Array([n]) }));
      const all = [{ topic: "orders", records: [...keyed, ...keyed] }];
      const { results } = await world.observer.transactions.execute({ namespace, produce: all, offsets: [] });
      const chosen = results.map(({ partition }) => partition);
      expect(chosen.slice(0, 4)).toEqual(chosen.slice(4));
      expect(new Set(chosen).size).toBeGreaterThan(1);
    }));

  test("under a key is done once, and answers a repeat as the first time, in any process", () =>
    inWorld(async (world) => {
      const keyed = { ...write, idempotencyKey: "key" };
      const first = await world.observer.transactions.execute(keyed);
      await world.sleep(1_000);
      expect(await world.observer.transactions.execute(keyed)).toEqual(first);
      expect(await world.start().transactions.execute(keyed)).toEqual(first);
      expect(world.seen("totals", 2)).toEqual(["d"]);
      const other = { ...keyed, produce: [{ topic: "orders", records: [record("x", 0), record("y", 1)] }] };
      expect(await codeOf(world.observer.transactions.execute(other))).toBe("BAD_ARGUMENTS none");
      expect(world.seen("orders", 0)).toEqual(["a", "c"]);
    }));

  test("under a key keeps records without a key together, so that a repeat meets the same partition", () =>
    inWorld(async (world) => {
      const loose = { namespace, offsets, produce: [{ topic: "orders", records: [record("a"), record("b")] }] };
      const first = await world.observer.transactions.execute({ ...loose, idempotencyKey: "key" });
      expect(new Set(first.results.map(({ partition }) => partition)).size).toBe(1);
      expect(await world.start().transactions.execute({ ...loose, idempotencyKey: "key" })).toEqual(first);
    }));

  test("is forgotten after a while", () =>
    inWorld(
      async (world) => {
        await world.observer.transactions.execute({ ...write, idempotencyKey: "key" });
        await world.observer.transactions.execute(write);
        expect(world.items()).toHaveLength(2);
        await world.sleep(atomicResultKeptMs + 1);
        expect(world.items()).toHaveLength(0);
      },
      new TransactionWorld({ delays: { expiryLateMsMax: 0 } }),
    ));

  test("that is sent twice at the same time is done once, whichever of them is answered", async () => {
    for (let seed = 0; seed < 30; seed += 1) {
      await inWorld(async (world) => {
        const keyed = { ...write, idempotencyKey: "key" };
        const codes = await Promise.all(
          [world.start(), world.start(), world.start()].map(async ({ transactions }, index) => {
            await world.sleep(index * world.store.random.between(0, 30));
            return await codeOf(transactions.execute(keyed));
          }),
        );
        for (const code of codes) expect(code, `seed ${seed}`).toMatch(/^(done|CONCURRENT_TRANSACTIONS none)$/);
        await world.start().transactions.execute(keyed);
        expect(world.seen("totals", 2), `seed ${seed}`).toEqual(["d"]);
        expect(world.seen("orders", 0), `seed ${seed}`).toEqual(["a", "c"]);
      }, new TransactionWorld({ seed }));
    }
  });

  test("that fails in one partition is seen in none, says so, and can be sent again", () =>
    inWorld(async (world) => {
      const broken = world.start({}, (storage) => ({
        ...storage,
        items: {
          ...storage.items,
          get: (key) => storage.items.get(key),
          delete: (key, conditions) => storage.items.delete(key, conditions),
          query: (partition, options) => storage.items.query(partition, options),
          update: (key, change, conditions) => {
            const isBatch = key.partition === "log:totals-id" && !JSON.stringify(change).includes("commit");
            if (isBatch) throw new ServiceError("MESSAGE_TOO_LARGE", "too large");
            return storage.items.update(key, change, conditions);
          },
        },
      }));
      const keyed = { ...write, idempotencyKey: "key" };
      expect(await codeOf(broken.transactions.execute(keyed))).toBe("MESSAGE_TOO_LARGE none");
      expect(nothingSeen(world)).toBe(true);
      expect(world.group()).toEqual({ committed: {}, staged: 0 });
      await world.observer.transactions.execute(keyed);
      expect(world.seen("totals", 2)).toEqual(["d"]);
    }));

  test("of an unknown topic, of no record, or of too many writes nothing", () =>
    inWorld(async (world) => {
      world.deletedTopics.add("gone");
      const { transactions } = world.observer;
      const gone = { ...write, produce: [...produce, { topic: "gone", records: [record("a")] }] };
      expect(await codeOf(transactions.execute(gone))).toBe("UNKNOWN_TOPIC_OR_PARTITION none");
      const noPartition = { ...write, produce: [{ topic: "orders", records: [record("a", 4)] }] };
      expect(await codeOf(transactions.execute(noPartition))).toBe("UNKNOWN_TOPIC_OR_PARTITION none");
      expect(await codeOf(transactions.execute({ namespace, produce: [], offsets: [] }))).toBe("INVALID_RECORD none");
      const many = Array.from({ length: requestRecordsMax + 1 }, () => record("a"));
      const tooMany = { ...write, produce: [{ topic: "orders", records: many }] };
      expect(await codeOf(transactions.execute(tooMany))).toBe("RECORD_LIST_TOO_LARGE none");
      const tooLarge = { ...record("a"), value: new Uint8Array(11 * 1024 * 1024) };
      const large = { ...write, produce: [{ topic: "orders", records: [tooLarge] }] };
      expect(await codeOf(transactions.execute(large))).toBe("RECORD_LIST_TOO_LARGE none");
      expect(await codeOf(transactions.execute({ ...write, idempotencyKey: "\u0000" }))).toBe("BAD_ARGUMENTS none");
      expect(await codeOf(transactions.execute({ ...write, offsets: [...offsets, ...offsets] }))).toBe(
        "INVALID_REQUEST none",
      );
      expect(world.items()).toEqual([]);
      expect(nothingSeen(world)).toBe(true);
    }));

  test("goes on with the producer of the one before, so that partitions and groups need not know ever more of them", () =>
    inWorld(async (world) => {
      for (let round = 0; round < 5; round += 1) await world.observer.transactions.execute(write);
      const producers = world.items().map(({ attributes }) => attributes["endedProducerId"]);
      const epochs = world.items().map(({ attributes }) => attributes["endedProducerEpoch"]);
      expect(new Set(producers).size).toBe(1);
      expect(epochs.toSorted((one, other) => Number(one) - Number(other))).toEqual([0, 1, 2, 3, 4]);
      expect(world.seen("totals", 2)).toEqual(["d", "d", "d", "d", "d"]);
    }));

  test("of one partition is a plain produce", () =>
    inWorld(async (world) => {
      const one = { namespace, offsets: [], produce: [{ topic: "orders", records: [record("a", 1), record("b", 1)] }] };
      const { results } = await world.observer.transactions.execute(one);
      expect(results.map(({ partition, offset }) => [partition, offset])).toEqual([
        [1, 0],
        [1, 1],
      ]);
      expect(world.items()).toEqual([]);
    }));
});
