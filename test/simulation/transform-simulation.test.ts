import { describe, expect, test } from "vitest";
import { anomaliesOf, firstAnomalies, firstSeeds, seedsToRun } from "./seeds.ts";
import { simulateTransform } from "./transform-simulation.ts";

const seeds = seedsToRun(5);

describe("what workers make of a topic while every process is killed at random", () => {
  test.each(["steps", "one call"] as const)("is there once, nothing lost (%s)", { timeout: 600_000 }, async (form) => {
    expect(await anomaliesOf(seeds, (seed) => simulateTransform({ seed, form }))).toEqual([]);
  });

  test("took many lives", { timeout: 60_000 }, async () => {
    expect((await simulateTransform({ seed: 1, form: "steps" })).kills).toBeGreaterThan(5);
    expect((await simulateTransform({ seed: 1, form: "one call" })).kills).toBeGreaterThan(5);
  });

  test(
    "is there twice where offsets are committed by themselves: the simulation finds it",
    { timeout: 60_000 },
    async () => {
      const found = await firstAnomalies(firstSeeds(20), (seed) =>
        simulateTransform({ seed, form: "one call", careless: true }),
      );
      expect(found[0]).toMatch(/too many/);
    },
  );
});
