import { describe, expect, test } from "vitest";
import { simulateTree } from "./tree-simulation.ts";

/** `STREAMKEEPER_SEED=n` runs that one history alone; `STREAMKEEPER_SEEDS=n` runs more of them; `npm run simulate` runs thousands. */
const onlySeed = process.env["STREAMKEEPER_SEED"];
const seeds = Number(process.env["STREAMKEEPER_SEEDS"] ?? 30);

async function anomaliesOf(...[seed, mutate]: Parameters<typeof simulateTree>): Promise<string[]> {
  try {
    const { anomalies } = await simulateTree(seed, mutate);
    return anomalies.map((anomaly) => `seed ${seed}: ${anomaly}`);
  } catch (cause) {
    return [`seed ${seed}: ${String(cause)}`];
  }
}

describe("a tree with many writers", () => {
  test(
    "loses nothing that was acknowledged, does nothing twice, and is the same in every process",
    { timeout: 600_000 },
    async () => {
      const anomalies: string[] = [];
      const [first, end] = onlySeed === undefined ? [0, seeds] : [Number(onlySeed), Number(onlySeed) + 1];
      for (let seed = first; seed < end; seed += 1) anomalies.push(...(await anomaliesOf(seed)));
      expect(anomalies).toEqual([]);
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
    const found: string[] = [];
    for (let seed = 0; seed < 80 && found.length === 0; seed += 1) {
      found.push(...(await anomaliesOf(seed, ({ operations }) => ({ operations }))));
    }
    expect(found[0]).toMatch(/was created \d times/);
  });
});
