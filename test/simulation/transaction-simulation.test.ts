import { describe, expect, test } from "vitest";
import { withoutConditions } from "./mutants.ts";
import { anomaliesOf, firstAnomalies, firstSeeds, seedsToRun } from "./seeds.ts";
import { simulateTransactions } from "./transaction-simulation.ts";

const seeds = seedsToRun(20);

describe("transactions of producers that take each other's ids over", () => {
  test.each([
    ["are whole or not there", false],
    ["are whole or not there where servers freeze and die and the store fails", true],
  ])("%s", { timeout: 600_000 }, async (_, trouble) => {
    expect(await anomaliesOf(seeds, (seed) => simulateTransactions({ seed, trouble }))).toEqual([]);
  });

  test("have histories worth looking at: many are committed, some are not", async () => {
    const histories = await Promise.all([1, 2, 3].map((seed) => simulateTransactions({ seed, trouble: seed > 1 })));
    const sum = (count: (history: (typeof histories)[number]) => number): number =>
      histories.reduce((total, history) => total + count(history), 0);
    expect(sum(({ committed }) => committed)).toBeGreaterThan(20);
    expect(sum(({ aborted }) => aborted)).toBeGreaterThan(10);
  });

  test("are torn where ids are written without conditions: the simulation finds it", { timeout: 60_000 }, async () => {
    const unconditional = withoutConditions((_, { partition }) => partition.startsWith("transactions:"));
    const found = await firstAnomalies(firstSeeds(30), (seed) =>
      simulateTransactions({ seed, trouble: true, mutate: unconditional }),
    );
    expect(found[0]).toMatch(/seed/);
  });
});
