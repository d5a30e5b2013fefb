import { describe, expect, test } from "vitest";
import { anomaliesOf, seedsToRun } from "./seeds.ts";
import { simulateZnodes } from "./znode-simulation.ts";

const seeds = seedsToRun(10);

describe("znodes that many write, create and watch", () => {
  test(
    "are written whole and once, end with their sessions, and are told of in order",
    { timeout: 600_000 },
    async () => {
      expect(await anomaliesOf(seeds, (seed) => simulateZnodes({ seed, trouble: seed % 5 > 0 }))).toEqual([]);
    },
  );

  test("have histories worth looking at: many are written, some are refused, watchers hear of them", async () => {
    const histories = await Promise.all([1, 2, 3].map((seed) => simulateZnodes({ seed, trouble: true })));
    const sum = (count: (history: (typeof histories)[number]) => number): number =>
      histories.reduce((total, history) => total + count(history), 0);
    expect(sum(({ acknowledged }) => acknowledged)).toBeGreaterThan(100);
    expect(sum(({ refused }) => refused)).toBeGreaterThan(20);
    expect(sum(({ heard }) => heard)).toBeGreaterThan(100);
  });
});
