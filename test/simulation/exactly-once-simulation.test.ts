import { describe, expect, test } from "vitest";
import { simulateExactlyOnce } from "./exactly-once-simulation.ts";
import { anomaliesOf, seedsToRun } from "./seeds.ts";

const seeds = seedsToRun(15);

describe("transactions in partitions that are sealed and compacted meanwhile", () => {
  test("are whole or not there, for readers that follow them as well", { timeout: 600_000 }, async () => {
    expect(await anomaliesOf(seeds, (seed) => simulateExactlyOnce({ seed, trouble: seed % 5 > 0 }))).toEqual([]);
  });

  test("have histories worth looking at: some are committed, some are not", async () => {
    const histories = await Promise.all([1, 2, 3].map((seed) => simulateExactlyOnce({ seed, trouble: seed > 1 })));
    const sum = (count: (history: (typeof histories)[number]) => number): number =>
      histories.reduce((total, history) => total + count(history), 0);
    expect(sum(({ committed }) => committed)).toBeGreaterThan(10);
    expect(sum(({ aborted }) => aborted)).toBeGreaterThan(10);
  });
});
