import { describe, expect, test } from "vitest";
import type { Storage } from "../../shared/storage/storage.ts";
import { withoutAttempts } from "./mutants.ts";
import { simulatePartition } from "./partition-simulation.ts";
import { anomaliesOf, firstAnomalies, firstSeeds, seedsToRun } from "./seeds.ts";

const seeds = seedsToRun(1_000);
const seedsAtOnce = 100;
const minutesMax = 10;
/** Most of what is planted shows within 30 seeds. */
const mutantSeedsMax = 800;

describe("a partition with many writers, readers and sealers loses, doubles, reorders and changes nothing", () => {
  const parts = seeds.filter((_, index) => index % seedsAtOnce === 0);
  test.each(parts)("seeds from %i on", { timeout: minutesMax * 60_000 }, async (first) => {
    const part = seeds.filter((seed) => seed >= first && seed < first + seedsAtOnce);
    expect(await anomaliesOf(part, (seed) => simulatePartition({ seed }))).toEqual([]);
  });

  test("the histories are not empty: most sends are acknowledged, some stay unknown, segments are sealed", async () => {
    let [acknowledged, unknown, segments] = [0, 0, 0];
    for (let seed = 0; seed < 20; seed += 1) {
      const result = await simulatePartition({ seed });
      acknowledged += result.acknowledged;
      unknown += result.unknown;
      segments += result.segments;
    }
    expect(acknowledged).toBeGreaterThan(500);
    expect(unknown).toBeGreaterThan(10);
    expect(segments).toBeGreaterThan(20);
  });
});

describe("the simulation finds what it is there to find", { timeout: minutesMax * 60_000 }, () => {
  /** The first anomaly among the first seeds. */
  async function firstAnomaly(mutate: (storage: Storage) => Storage): Promise<string | undefined> {
    const [anomaly] = await firstAnomalies(firstSeeds(mutantSeedsMax), (seed) => simulatePartition({ seed, mutate }));
    return anomaly;
  }

  test("a writer that ignores the attempt id doubles records", async () => {
    expect(await firstAnomaly(withoutAttempts)).toMatch(/duplicate|aborted read|lost write/);
  });

  test("a writer that ignores how old its tail evidence is puts into trimmed space", async () => {
    const mutate = (storage: Storage): Storage => ({
      ...storage,
      lifetimes: { ...storage.lifetimes, tailEvidenceMsMax: Infinity },
    });
    expect(await firstAnomaly(mutate)).toMatch(/inconsistent offsets|lost write|unseen|nothing at|hole/);
  });

  test("a writer that does not look at its evidence again before a put that was held up leaves does so too", async () => {
    const mutate = (storage: Storage): Storage => ({
      ...storage,
      logs: { ...storage.logs, putIfAbsent: (entry) => storage.logs.putIfAbsent(entry) },
    });
    expect(await firstAnomaly(mutate)).toMatch(/inconsistent offsets|lost write|unseen|nothing at|hole/);
  });
});
