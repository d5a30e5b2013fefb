import { describe, expect, test } from "vitest";
import { simulateContention } from "../../bench/contention/simulated-contention.ts";

const seed = 2_024;

describe("processes that write to one partition without a pause", () => {
  test("a lone one pays one put for each append, and no query", async () => {
    const figures = await simulateContention({ log: "partition", callers: 1, durationMs: 5_000, pauseMsMax: 0, seed });
    expect(figures.writesPerAppend, JSON.stringify(figures)).toBe(1);
    expect(figures.queriesPerAppend).toBeLessThan(0.01);
    expect(figures.appendsPerSecond).toBeGreaterThan(140);
  });

  test.each([
    { log: "partition", callers: 2, writes: 1.15, waitMs: 800 },
    { log: "partition", callers: 16, writes: 1.2, waitMs: 800 },
    { log: "tree", callers: 16, writes: 1.25, waitMs: 800 },
    { log: "partition", callers: 64, writes: 1.7, waitMs: 2_500 },
  ] as const)(
    "$callers of them pay less than $writes writes for each append to a $log, and none starves",
    async ({ log, callers, writes, waitMs }) => {
      const figures = await simulateContention({ log, callers, durationMs: 20_000, pauseMsMax: 0, seed });
      const shown = JSON.stringify(figures);
      expect(figures.failed, shown).toBe(0);
      expect(figures.writesPerAppend, shown).toBeLessThan(writes);
      expect(figures.queriesPerAppend, shown).toBeLessThan(6);
      expect(figures.fewestShare, shown).toBeGreaterThan(0.7);
      expect(figures.maxMs, shown).toBeLessThan(waitMs);
      expect(figures.appendsPerSecond, shown).toBeGreaterThan(75);
    },
  );
});

test("32 processes that append now and then do not make each other wait", async () => {
  const contention = { log: "partition", callers: 32, durationMs: 20_000, pauseMsMax: 4_000, seed } as const;
  const figures = await simulateContention(contention);
  const shown = JSON.stringify(figures);
  expect(figures.failed, shown).toBe(0);
  expect(figures.writesPerAppend, shown).toBeLessThan(1.4);
  expect(figures.p50Ms, shown).toBeLessThan(20);
  expect(figures.p99Ms, shown).toBeLessThan(300);
  expect(figures.maxMs, shown).toBeLessThan(1_000);
});
