import { describe, expect, test } from "vitest";
import type { Condition } from "../../shared/storage/item-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { type SessionSimulation, simulateSessions } from "./session-simulation.ts";

/** `STREAMKEEPER_SEED=n` runs that one history alone; `STREAMKEEPER_SEEDS=n` runs more of them; `npm run simulate` runs thousands. */
const onlySeed = process.env["STREAMKEEPER_SEED"];
const seeds = Number(process.env["STREAMKEEPER_SEEDS"] ?? 25);
const [first, end] = onlySeed === undefined ? [0, seeds] : [Number(onlySeed), Number(onlySeed) + 1];

async function anomaliesOf(simulation: SessionSimulation): Promise<string[]> {
  const { seed } = simulation;
  try {
    const { anomalies } = await simulateSessions(simulation);
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

describe("sessions of many clients on many servers", () => {
  test.each([
    ["end within 2 s of their timeout, and never sooner", false],
    ["end, and never too soon, where servers freeze and die and the store and the queue fail", true],
  ])("%s", { timeout: 600_000 }, async (_, trouble) => {
    const anomalies: string[] = [];
    for (let seed = first; seed < end; seed += 1) anomalies.push(...(await anomaliesOf({ seed, trouble })));
    expect(anomalies).toEqual([]);
  });

  test("have histories worth looking at: many are opened, most live on, some end", async () => {
    for (const trouble of [false, true]) {
      const { opened, beats, expired } = await simulateSessions({ seed: 3, trouble });
      expect(opened).toBeGreaterThan(20);
      expect(beats).toBeGreaterThan(100);
      expect(expired).toBeGreaterThan(5);
      expect(opened - expired).toBeGreaterThan(2);
    }
  });

  test.each([
    ["a reaper flips a lease that a heartbeat has extended", withoutConditions(({ kind }) => kind === "version")],
    [
      "a heartbeat that is late takes away what another has given",
      withoutConditions((condition) => condition.kind === "attribute" && condition.op === "<="),
    ],
  ])("are closed although they live, if %s: the simulation finds it", { timeout: 60_000 }, async (_, mutate) => {
    const found: string[] = [];
    for (let seed = 0; seed < 60 && found.length === 0; seed += 1) {
      found.push(...(await anomaliesOf({ seed, trouble: true, mutate })));
    }
    expect(found[0]).toMatch(/closed [\d.]+ ms before its time|was refused/);
  });
});
