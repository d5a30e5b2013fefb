import { describe, expect, test } from "vitest";
import { type GroupSimulationResult, simulateGroup } from "./group-simulation.ts";
import { withoutConditions } from "./mutants.ts";
import { anomaliesOf, firstAnomalies, firstSeeds, seedsToRun } from "./seeds.ts";

const seeds = seedsToRun(2);
const histories = new Map<string, Promise<GroupSimulationResult>>();

/** Each history is made once, whoever looks at it. */
function history(seed: number, trouble: boolean): Promise<GroupSimulationResult> {
  const name = `${seed} ${trouble}`;
  const made = histories.get(name) ?? simulateGroup({ seed, trouble });
  histories.set(name, made);
  return made;
}

describe("twelve consumers over 24 partitions, on three servers, for ten minutes", () => {
  test.each([
    ["handle each record, skip none, and share the partitions one by one", false],
    ["do so where servers freeze and die and the store fails", true],
  ])("%s", { timeout: 600_000 }, async (_, trouble) => {
    expect(await anomaliesOf(seeds, (seed) => history(seed, trouble))).toEqual([]);
  });

  test("have histories worth looking at", { timeout: 60_000 }, async () => {
    const { produced, processed, rebalances, refused, settledMs } = await history(1, true);
    expect(produced).toBeGreaterThan(5_000);
    expect(processed).toBeGreaterThanOrEqual(produced);
    expect(rebalances).toBeGreaterThan(200);
    expect(refused).toBeGreaterThan(10);
    expect(settledMs).toBeGreaterThan(0);
    expect(settledMs).toBeLessThan(5_000);
  });

  test.each([
    [
      "commits are not fenced by the member's epoch",
      withoutConditions((condition) => condition.kind === "attribute" && condition.name.startsWith("e:")),
    ],
    [
      "changes of the group do not look whether another came first",
      withoutConditions((condition) => condition.kind === "attribute" && condition.name === "revision"),
    ],
    [
      "a commit that comes late takes the place of a later one",
      withoutConditions((condition) => condition.kind === "attribute" && condition.name.startsWith("c:")),
    ],
  ])("are found out if %s", { timeout: 120_000 }, async (_, mutate) => {
    const found = await firstAnomalies(firstSeeds(6), (seed) => simulateGroup({ seed, trouble: true, mutate }));
    expect(found.length).toBeGreaterThan(0);
  });
});
