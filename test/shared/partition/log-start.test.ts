import { expect, test } from "vitest";
import { raiseLogStart, readLogStart, readLogStartState } from "../../../shared/partition/log-start.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { name } from "./partition-fixture.ts";

test("the start is 0 until it is raised, and remembers when that was", async () => {
  const { storage, time } = createMemoryStorage();
  expect(await readLogStartState(storage, name)).toEqual({ offset: 0, raisedAtMs: 0 });
  await time.advance(5_000);
  expect(await raiseLogStart(storage, name, 7)).toBe(7);
  expect(await readLogStartState(storage, name)).toEqual({ offset: 7, raisedAtMs: storage.clock.wallMs() });
});

test("the start never goes back, whoever raises it in which order", async () => {
  const { storage, store } = createMemoryStorage();
  const answers = await Promise.all(
    [5, 9, 3, 9, 1].map((offset) => raiseLogStart(store.process().storage, name, offset)),
  );
  for (const [index, offset] of [5, 9, 3, 9, 1].entries()) expect(answers[index]).toBeGreaterThanOrEqual(offset);
  expect(await readLogStart(storage, name)).toBe(9);
  expect(await raiseLogStart(storage, name, 8)).toBe(9);
});

test("a store that cannot show what stands there is asked for it", async () => {
  const { storage } = createMemoryStorage();
  await raiseLogStart(storage, name, 9);
  const silent: Storage = {
    ...storage,
    items: {
      ...storage.items,
      get: (key) => storage.items.get(key),
      update: async (key, change, conditions) => {
        const { applied, ...rest } = await storage.items.update(key, change, conditions);
        return applied && "item" in rest && rest.item !== undefined ? { applied, item: rest.item } : { applied: false };
      },
    },
  };
  expect(await raiseLogStart(silent, name, 4)).toBe(9);
});
