import { describe, expect, test } from "vitest";
import { anomaliesOf, firstAnomalies, firstSeeds, seedsToRun } from "./seeds.ts";
import { simulateTree } from "./tree-simulation.ts";

const seeds = seedsToRun(30);

describe("a tree with many writers", () => {
  test(
    "loses nothing that was acknowledged, does nothing twice, and is the same in every process",
    { timeout: 600_000 },
    async () => {
      expect(await anomaliesOf(seeds, (seed) => simulateTree(seed))).toEqual([]);
    },
  );

  test("has histories worth looking at: most writes are answered, and snapshots are written", async () => {
    let [acknowledged, snapshots] = [0, 0];
    for (let seed = 0; seed < 5; seed += 1) {
      const result = await simulateTree(seed);
      acknowledged += result.acknowledged;
      snapshots += result.snapshots;
    }
    expect(acknowledged).toBeGreaterThan(200);
    expect(snapshots).toBeGreaterThanOrEqual(3);
  });

  test("creates twice when its requests lose their keys: the simulation finds it", async () => {
    const found = await firstAnomalies(firstSeeds(80), (seed) =>
      simulateTree(seed, ({ operations }) => ({ operations })),
    );
    expect(found[0]).toMatch(/was created \d times/);
  });
});
