import { expect, test } from "vitest";
import { createMemoryStorage } from "../../../../shared/storage/memory/memory-storage.ts";
import { freshLogId, sampleEntry } from "../contract/samples.ts";

async function isOver(promise: Promise<unknown>): Promise<boolean> {
  let over = false;
  void promise.then(() => (over = true));
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  return over;
}

test("lets short sleeps end by themselves and long ones wait for the clock to be moved on", async () => {
  const { storage, time } = createMemoryStorage();
  await storage.timers.sleep(900);
  expect(time.nowMs).toBe(900);
  const sleeping = storage.timers.sleep(5_000);
  expect(await isOver(sleeping)).toBe(false);
  await time.advance(4_999);
  expect(await isOver(sleeping)).toBe(false);
  await time.advance(1);
  await sleeping;
  expect(storage.clock.monotonicMs()).toBe(5_900);
});

test("lets no time pass while requests are answered", async () => {
  const { storage, time } = createMemoryStorage();
  const logId = freshLogId();
  const waiting = storage.notifier.wait(logId, 0, 25_000);
  await storage.logs.putIfAbsent(sampleEntry(logId, 0));
  await storage.logs.readLast(logId);
  storage.notifier.notify(logId, 1);
  await waiting;
  expect(time.nowMs).toBe(0);
});

test("tells of a duty when its time has come", async () => {
  const { storage, store, time } = createMemoryStorage();
  const due: string[] = [];
  store.onWake((duty) => due.push(duty.kind));
  await storage.wakeUps.wake({ kind: "retain", topicId: "t", partition: 0 }, 60_000);
  await time.advance(59_999);
  expect(due).toEqual([]);
  await time.advance(1);
  expect(due).toEqual(["retain"]);
});

test("does a fault to the next request of a name", async () => {
  const { storage, store } = createMemoryStorage();
  store.failNext("items.get", "throttled");
  await expect(storage.items.get({ partition: "p", sort: "s" })).rejects.toMatchObject({
    name: "StorageThrottledError",
  });
  expect(await storage.items.get({ partition: "p", sort: "s" })).toBeUndefined();
});

test("refuses another blob under a key, and takes the same one again", async () => {
  const { storage } = createMemoryStorage();
  await storage.blobs.put("a", [new Uint8Array([1, 2])]);
  await storage.blobs.put("a", [new Uint8Array([1]), new Uint8Array([2])]);
  await expect(storage.blobs.put("a", [new Uint8Array([1])])).rejects.toMatchObject({ name: "StorageCorruptError" });
});

test("drops an item after its expiry, which later updates keep", async () => {
  const { storage, time } = createMemoryStorage();
  const key = { partition: "p", sort: "s" };
  await storage.items.update(key, { set: { a: 1 }, expiresAtMs: storage.clock.wallMs() + 10_000 });
  await storage.items.update(key, { set: { a: 2 } });
  await time.advance(9_000);
  expect((await storage.items.get(key))?.version).toBe(2);
  await time.advance(2_000);
  expect(await storage.items.get(key)).toBeUndefined();
});
