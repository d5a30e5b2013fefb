import { describe, expect, test } from "vitest";
import type { Condition } from "../../shared/storage/item-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { type GroupSimulation, simulateGroup } from "./group-simulation.ts";

/** `STREAMKEEPER_SEED=n` runs that one history alone; `STREAMKEEPER_SEEDS=n` runs more of them. */
const onlySeed = process.env["STREAMKEEPER_SEED"];
const seeds = Number(process.env["STREAMKEEPER_SEEDS"] ?? 2);
const [first, end] = onlySeed === undefined ? [0, seeds] : [Number(onlySeed), Number(onlySeed) + 1];

async function anomaliesOf(simulation: GroupSimulation): Promise<string[]> {
  const { seed } = simulation;
  try {
    const { anomalies } = await simulateGroup(simulation);
    return anomalies.map((anomaly) => `seed ${seed}: ${anomaly}`);
  } catch (cause) {
    return [`seed ${seed}: ${String(cause)}`];
  }
}

/** Leaves out conditions of the updates of items. */
function withoutConditions(isLeftOut: (condition: Condition) => boolean): (storage: Storage) => Storage {
  return (storage) => ({
    ...storage,
    items: {
      get: (key) => storage.items.get(key),
      update: (key, change, conditions = []) =>
        storage.items.update(
          key,
          change,
          conditions.filter((condition) => !isLeftOut(condition)),
        ),
      delete: (key, conditions) => storage.items.delete(key, conditions),
      query: (partition, options) => storage.items.query(partition, options),
    },
  });
}

describe("twelve consumers over 24 partitions, on three servers, for ten minutes", () => {
  test.each([
    ["handle each record, skip none, and share the partitions one by one", false],
    ["do so where servers freeze and die and the store fails", true],
  ])("%s", { timeout: 600_000 }, async (_, trouble) => {
    const anomalies: string[] = [];
    for (let seed = first; seed < end; seed += 1) anomalies.push(...(await anomaliesOf({ seed, trouble })));
    expect(anomalies).toEqual([]);
  });

  test("have histories worth looking at", { timeout: 60_000 }, async () => {
    const { produced, processed, rebalances, refused, settledMs } = await simulateGroup({ seed: 1, trouble: true });
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
    const found: string[] = [];
    for (let seed = 0; seed < 6 && found.length === 0; seed += 1) {
      found.push(...(await anomaliesOf({ seed, trouble: true, mutate })));
    }
    expect(found.length).toBeGreaterThan(0);
  });
});
