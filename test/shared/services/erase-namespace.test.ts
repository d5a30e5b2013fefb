import { expect, test } from "vitest";
import { eraseNamespace } from "../../../shared/services/erase-namespace.ts";
import { groupKey, groupsPartition, transactionKey, transactionsPartition } from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";

const namespace = "team";
const isStillDeleted = (): Promise<boolean> => Promise.resolve(true);

async function withTransactions(count: number) {
  const memory = createMemoryStorage();
  for (let index = 0; index < count; index += 1) {
    await memory.storage.items.update(transactionKey(namespace, `t${index}`), { set: { attempt: `a${index}` } });
  }
  const left = (): number => memory.store.items.query(transactionsPartition(namespace), { limit: 1_000 }).items.length;
  return { ...memory, left };
}

test("erasing stops when its time is over, and goes on the next time", async () => {
  const { storage, time, left } = await withTransactions(250);
  const { items } = storage;
  // Each page takes a second.
  const query: typeof items.query = async (partition, options) => {
    await time.advance(1_000);
    return await items.query(partition, options);
  };
  const methods = { get: items.get.bind(items), update: items.update.bind(items), delete: items.delete.bind(items) };
  const slow = { ...storage, items: { ...methods, query } };
  const endMonotonicMs = storage.clock.monotonicMs() + 1_500;
  expect(await eraseNamespace(slow, { namespace, isStillDeleted, endMonotonicMs })).toBe(false);
  expect(left()).toBe(50);
  expect(await eraseNamespace(storage, { namespace, isStillDeleted, endMonotonicMs: Infinity })).toBe(true);
  expect(left()).toBe(0);
});

test("what was made again since it was seen stays, and is told of", async () => {
  const { storage, store } = await withTransactions(0);
  const { items } = storage;
  const key = groupKey(namespace, "g");
  await items.update(key, { set: { kind: "consumer", touchedAtMs: 1 } });
  const remove: typeof items.delete = async (removed, conditions) => {
    store.items.delete(key, []);
    store.items.update(key, { set: { kind: "consumer", touchedAtMs: 2 } }, []);
    return await items.delete(removed, conditions);
  };
  const methods = { get: items.get.bind(items), update: items.update.bind(items), query: items.query.bind(items) };
  const raced = { ...storage, items: { ...methods, delete: remove } };
  expect(await eraseNamespace(raced, { namespace, isStillDeleted, endMonotonicMs: Infinity })).toBe(false);
  expect(store.items.query(groupsPartition(namespace), { limit: 10 }).items).toMatchObject([
    { attributes: { touchedAtMs: 2 } },
  ]);
});
