import { describe, expect, test } from "vitest";
import { simulateFrozenHolders } from "./frozen-holders.ts";
import { simulateLock } from "./lock-simulation.ts";
import { anomaliesOf, seedsToRun } from "./seeds.ts";

const seeds = seedsToRun(40);

describe("eight processes whose sessions expire while they hold a lock and stand still", () => {
  test("write nothing when they go on, in 1,000 rounds", { timeout: 120_000 }, async () => {
    const { anomalies, grants, deposed, refused } = await simulateFrozenHolders({
      seed: 1,
      rounds: 1_000,
      fenced: true,
    });
    expect(anomalies).toEqual([]);
    expect(grants).toBeGreaterThanOrEqual(1_000);
    expect(deposed).toBeGreaterThan(900);
    expect(refused).toBeGreaterThan(deposed);
  });

  test("write over each other without the fence: the simulation finds it", async () => {
    const { anomalies } = await simulateFrozenHolders({ seed: 1, rounds: 20, fenced: false });
    expect(anomalies.join("\n")).toMatch(/wrote to the znode at \d+ while \d+ held the lock/);
    expect(anomalies.join("\n")).toMatch(/wrote the record at \d+ after \d+ had written one/);
  });
});

describe("a lock that is contended for through servers that freeze and die, over a store that fails", () => {
  test(
    "is held by whom it was granted to, is taken from nobody, and lets no deposed holder write",
    { timeout: 600_000 },
    async () => {
      expect(await anomaliesOf(seeds, (seed) => simulateLock({ seed, fenced: true }))).toEqual([]);
    },
  );

  test("has histories worth looking at: many grants and writes, some of them too late", async () => {
    let [grants, writes, refused, repeats] = [0, 0, 0, 0];
    // Each seed draws which faults strike: through some nobody gets far.
    for (let seed = 0; seed < 8; seed += 1) {
      const result = await simulateLock({ seed, fenced: true });
      grants += result.grants;
      writes += result.writes;
      refused += result.refused;
      repeats += result.repeats;
    }
    expect(grants).toBeGreaterThan(50);
    expect(writes).toBeGreaterThan(40);
    expect(refused).toBeGreaterThan(10);
    expect(repeats).toBeGreaterThan(100);
  });

  test("is written past without the fence: the simulation finds it", async () => {
    const found = await anomaliesOf([0], (seed) => simulateLock({ seed, fenced: false }));
    expect(found.join("\n")).toMatch(/wrote to the znode at \d+ while \d+ held the lock/);
  });
});
