import { describe, expect, test } from "vitest";
import type { LogEntry } from "../../shared/storage/log-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { simulatePartition } from "./partition-simulation.ts";

/** `STREAMKEEPER_SEED=n` runs that one history alone; `STREAMKEEPER_SEEDS=n` runs more of them; `npm run simulate` runs thousands. */
const onlySeed = process.env["STREAMKEEPER_SEED"];
const seeds = Number(process.env["STREAMKEEPER_SEEDS"] ?? 1_000);
const seedsAtOnce = 100;
const minutesMax = 10;
/** Most of what is planted shows within 30 seeds. */
const mutantSeedsMax = 800;

/** The anomalies of a seed, each with the seed in front, so that a failure says how to see it again. */
async function anomaliesOf(seed: number, mutate?: (storage: Storage) => Storage): Promise<string[]> {
  try {
    const { anomalies } = await simulatePartition({ seed, ...(mutate === undefined ? {} : { mutate }) });
    return anomalies.map((anomaly) => `seed ${seed}: ${anomaly}`);
  } catch (cause) {
    return [`seed ${seed}: ${String(cause)}`];
  }
}

describe("a partition with many writers, readers and sealers loses, doubles, reorders and changes nothing", () => {
  const firsts =
    onlySeed === undefined
      ? Array.from({ length: Math.ceil(seeds / seedsAtOnce) }, (_, index) => index * seedsAtOnce)
      : [Number(onlySeed)];
  test.each(firsts)("seeds from %i on", { timeout: minutesMax * 60_000 }, async (first) => {
    const anomalies: string[] = [];
    for (let seed = first; seed < first + (onlySeed === undefined ? seedsAtOnce : 1); seed += 1) {
      anomalies.push(...(await anomaliesOf(seed)));
    }
    expect(anomalies).toEqual([]);
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
    for (let seed = 0; seed < mutantSeedsMax; seed += 1) {
      const [anomaly] = await anomaliesOf(seed, mutate);
      if (anomaly !== undefined) return anomaly;
    }
    return undefined;
  }

  test("a writer that ignores the attempt id doubles records", async () => {
    const forget = (entry: LogEntry): LogEntry => ({ ...entry, attempt: "forgotten" });
    const mutate = (storage: Storage): Storage => ({
      ...storage,
      logs: {
        ...storage.logs,
        putIfAbsent: async (entry, maySend) => {
          const result = await storage.logs.putIfAbsent(entry, maySend);
          if (result.won || result.existing === undefined) return result;
          return { won: false, existing: forget(result.existing) };
        },
        readAt: async (logId, position) => {
          const entry = await storage.logs.readAt(logId, position);
          return entry === undefined ? undefined : forget(entry);
        },
      },
    });
    expect(await firstAnomaly(mutate)).toMatch(/duplicate|aborted read|lost write/);
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
