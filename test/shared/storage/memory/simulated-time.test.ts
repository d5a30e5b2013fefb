import { expect, test } from "vitest";
import { SimulatedStore } from "../../../../shared/storage/memory/simulated-store.ts";

test("names a deadlock instead of waiting for ever", async () => {
  const store = new SimulatedStore({ seed: 1 });
  await expect(store.time.run(() => new Promise(() => {}))).rejects.toThrow("deadlock");
  const process = store.process();
  process.kill();
  await expect(store.time.run(() => process.storage.timers.sleep(1))).rejects.toThrow("deadlock");
});

test("gives up on a task that goes round in circles", async () => {
  const store = new SimulatedStore({ seed: 1 });
  const { timers } = store.process().storage;
  const circle = async (): Promise<void> => {
    for (;;) await timers.sleep(1);
  };
  await expect(store.time.run(circle, 1_000)).rejects.toThrow("did not end within 1000 events");
});
