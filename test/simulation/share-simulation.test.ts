import { describe, expect, test } from "vitest";
import { withoutConditions } from "./mutants.ts";
import { anomaliesOf, firstSeeds, seedsToRun } from "./seeds.ts";
import { simulateShareGroup } from "./share-simulation.ts";

const seeds = seedsToRun(4);

describe("the records of a share group", () => {
  test.each([
    ["are each accepted once or become one dead letter, and have one holder at a time", false],
    ["are and do so where workers and servers die and freeze, and the store fails", true],
  ])("%s", { timeout: 600_000 }, async (_, trouble) => {
    expect(await anomaliesOf(seeds, (seed) => simulateShareGroup({ seed, trouble }))).toEqual([]);
  });

  test("have histories worth looking at: many are accepted, some die, and many are delivered again", async () => {
    for (const trouble of [false, true]) {
      const { accepted, dead, deliveries } = await simulateShareGroup({ seed: 1, trouble });
      expect(accepted).toBeGreaterThan(20);
      expect(dead).toBeGreaterThan(5);
      expect(deliveries).toBeGreaterThan(100);
    }
  });

  test("are found to have two holders where states are changed blindly", async () => {
    const blindly = withoutConditions((_, { partition }) => partition.startsWith("share:"));
    const anomalies = await anomaliesOf(firstSeeds(3), (seed) =>
      simulateShareGroup({ seed, trouble: false, mutate: blindly }),
    );
    expect(anomalies.some((anomaly) => anomaly.includes("is held by"))).toBe(true);
  });
});
