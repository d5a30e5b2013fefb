import { describe, expect, test } from "vitest";
import type { Storage } from "../../shared/storage/storage.ts";
import { type ShareSimulation, simulateShareGroup } from "./share-simulation.ts";

/** `STREAMKEEPER_SEED=n` runs that one history alone; `STREAMKEEPER_SEEDS=n` runs more of them; `npm run simulate` runs thousands. */
const onlySeed = process.env["STREAMKEEPER_SEED"];
const seeds = Number(process.env["STREAMKEEPER_SEEDS"] ?? 4);
const [first, end] = onlySeed === undefined ? [0, seeds] : [Number(onlySeed), Number(onlySeed) + 1];

async function anomaliesOf(simulation: ShareSimulation): Promise<string[]> {
  const { seed } = simulation;
  try {
    const { anomalies } = await simulateShareGroup(simulation);
    return anomalies.map((anomaly) => `seed ${seed}: ${anomaly}`);
  } catch (cause) {
    return [`seed ${seed}: ${String(cause)}`];
  }
}

/** Share partitions are changed whatever stands there. */
function blindly(storage: Storage): Storage {
  return {
    ...storage,
    items: {
      get: (key) => storage.items.get(key),
      update: (key, change, conditions = []) =>
        storage.items.update(key, change, key.partition.startsWith("share:") ? [] : conditions),
      delete: (key, conditions) => storage.items.delete(key, conditions),
      query: (partition, options) => storage.items.query(partition, options),
    },
  };
}

describe("the records of a share group", () => {
  test.each([
    ["are each accepted once or become one dead letter, and have one holder at a time", false],
    ["are and do so where workers and servers die and freeze, and the store fails", true],
  ])("%s", { timeout: 600_000 }, async (_, trouble) => {
    const anomalies: string[] = [];
    for (let seed = first; seed < end; seed += 1) anomalies.push(...(await anomaliesOf({ seed, trouble })));
    expect(anomalies).toEqual([]);
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
    const anomalies: string[] = [];
    for (let seed = 0; seed < 3; seed += 1) {
      anomalies.push(...(await anomaliesOf({ seed, trouble: false, mutate: blindly })));
    }
    expect(anomalies.some((anomaly) => anomaly.includes("is held by"))).toBe(true);
  });
});
