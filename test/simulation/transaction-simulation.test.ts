import { describe, expect, test } from "vitest";
import type { Storage } from "../../shared/storage/storage.ts";
import { simulateTransactions, type TransactionSimulation } from "./transaction-simulation.ts";

/** `STREAMKEEPER_SEED=n` runs that one history alone; `STREAMKEEPER_SEEDS=n` runs more of them; `npm run simulate` runs thousands. */
const onlySeed = process.env["STREAMKEEPER_SEED"];
const seeds = Number(process.env["STREAMKEEPER_SEEDS"] ?? 20);
const [first, end] = onlySeed === undefined ? [0, seeds] : [Number(onlySeed), Number(onlySeed) + 1];

async function anomaliesOf(simulation: TransactionSimulation): Promise<string[]> {
  const { seed } = simulation;
  try {
    const { anomalies } = await simulateTransactions(simulation);
    return anomalies.map((anomaly) => `seed ${seed}: ${anomaly}`);
  } catch (cause) {
    return [`seed ${seed}: ${String(cause)}`];
  }
}

/** Transactional ids are written whatever stands there. */
function withoutConditions(storage: Storage): Storage {
  return {
    ...storage,
    items: {
      get: (key) => storage.items.get(key),
      update: (key, change, conditions = []) =>
        storage.items.update(key, change, key.partition.startsWith("transactions:") ? [] : conditions),
      delete: (key, conditions) => storage.items.delete(key, conditions),
      query: (partition, options) => storage.items.query(partition, options),
    },
  };
}

describe("transactions of producers that take each other's ids over", () => {
  test.each([
    ["are whole or not there", false],
    ["are whole or not there where servers freeze and die and the store fails", true],
  ])("%s", { timeout: 600_000 }, async (_, trouble) => {
    const anomalies: string[] = [];
    for (let seed = first; seed < end; seed += 1) anomalies.push(...(await anomaliesOf({ seed, trouble })));
    expect(anomalies).toEqual([]);
  });

  test("have histories worth looking at: many are committed, some are not", async () => {
    const histories = await Promise.all([1, 2, 3].map((seed) => simulateTransactions({ seed, trouble: seed > 1 })));
    const sum = (count: (history: (typeof histories)[number]) => number): number =>
      histories.reduce((total, history) => total + count(history), 0);
    expect(sum(({ committed }) => committed)).toBeGreaterThan(20);
    expect(sum(({ aborted }) => aborted)).toBeGreaterThan(10);
  });

  test("are torn where ids are written without conditions: the simulation finds it", { timeout: 60_000 }, async () => {
    const found: string[] = [];
    for (let seed = 0; seed < 30 && found.length === 0; seed += 1) {
      found.push(...(await anomaliesOf({ seed, trouble: true, mutate: withoutConditions })));
    }
    expect(found[0]).toMatch(/seed/);
  });
});
