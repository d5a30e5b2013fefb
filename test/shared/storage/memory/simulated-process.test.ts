import { expect, test } from "vitest";
import { SimulatedStore } from "../../../../shared/storage/memory/simulated-store.ts";
import { freshLogId, sampleEntry } from "../contract/samples.ts";

const logId = freshLogId();

test("a killed process hears nothing more, though what it sent may be applied", async () => {
  let applied = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const store = new SimulatedStore({ seed });
    const process = store.process();
    let heard = 0;
    await store.time.run(async () => {
      const { storage } = process;
      void storage.logs.putIfAbsent(sampleEntry(logId, 0)).finally(() => (heard += 1));
      void storage.timers.sleep(1).finally(() => (heard += 1));
      process.kill();
      void storage.logs.putIfAbsent(sampleEntry(logId, 1)).finally(() => (heard += 1));
      await store.process().storage.timers.sleep(10_000);
    });
    expect(heard).toBe(0);
    expect(store.logs.from(logId, 1, 1)).toEqual([]);
    applied += store.logs.from(logId, 0, 1).length;
  }
  expect(applied).toBeGreaterThan(0);
  expect(applied).toBeLessThan(20);
});

test("what a freeze holds back asks once more whether it may be sent", async () => {
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= 30; seed++) {
    const store = new SimulatedStore({ seed });
    const process = store.process();
    const { storage } = process;
    await store.time.run(async () => {
      const sentAtMs = store.time.nowMs;
      const putting = storage.logs.putIfAbsent(sampleEntry(logId, 0), () => store.time.nowMs - sentAtMs < 60_000);
      process.freeze(120_000);
      const outcome = await putting.then(
        () => "won",
        (cause: Error) => cause.name,
      );
      expect(store.time.nowMs).toBeGreaterThanOrEqual(120_000);
      expect(store.logs.from(logId, 0, 1)).toHaveLength(outcome === "StorageUnavailableError" ? 0 : 1);
      outcomes.add(outcome);
    });
  }
  expect([...outcomes].toSorted()).toEqual(["StorageUnavailableError", "won"]);
});

test("a frozen process goes on when it thaws, and its monotonic clock may have stood still", async () => {
  const store = new SimulatedStore({ seed: 1, delays: { sleepLateMsMax: 0 } });
  const process = store.process();
  const { clock, timers } = process.storage;
  await store.time.run(async () => {
    const wallMs = clock.wallMs();
    process.freeze(60_000);
    await timers.sleep(10);
    expect(clock.wallMs() - wallMs).toBe(60_000);
    expect(clock.monotonicMs()).toBe(60_000);
    process.freeze(30_000, { monotonicStops: true });
    await timers.sleep(10);
    expect(clock.wallMs() - wallMs).toBe(90_000);
    expect(clock.monotonicMs()).toBe(60_000);
    await timers.sleep(10);
    expect(clock.monotonicMs()).toBe(60_010);
  });
});

test("each process has clocks of its own, which may be ahead, drift and step", async () => {
  const store = new SimulatedStore({ seed: 1, startWallMs: 1_000_000, delays: { sleepLateMsMax: 0 } });
  const exact = store.process();
  const skewed = store.process({ wallSkewMs: -5_000, driftPpm: 1_000 });
  await store.time.run(async () => {
    await exact.storage.timers.sleep(100_000);
    expect(exact.storage.clock.wallMs()).toBe(1_100_000);
    expect(skewed.storage.clock.wallMs()).toBe(1_095_100);
    expect(skewed.storage.clock.monotonicMs()).toBeCloseTo(100_100);
    skewed.stepWall(-10_000);
    expect(skewed.storage.clock.wallMs()).toBe(1_085_100);
  });
});
