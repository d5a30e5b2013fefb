import { describe, expect, test } from "vitest";
import { simulateTransform, type TransformSimulation } from "./transform-simulation.ts";

/** `STREAMKEEPER_SEED=n` runs that one history alone; `STREAMKEEPER_SEEDS=n` runs more of them; `npm run simulate` runs thousands. */
const onlySeed = process.env["STREAMKEEPER_SEED"];
const seeds = Number(process.env["STREAMKEEPER_SEEDS"] ?? 5);
const [first, end] = onlySeed === undefined ? [0, seeds] : [Number(onlySeed), Number(onlySeed) + 1];

async function anomaliesOf(simulation: TransformSimulation): Promise<string[]> {
  const { seed } = simulation;
  try {
    const { anomalies } = await simulateTransform(simulation);
    return anomalies.map((anomaly) => `seed ${seed}: ${anomaly}`);
  } catch (cause) {
    return [`seed ${seed}: ${String(cause)}`];
  }
}

describe("what workers make of a topic while every process is killed at random", () => {
  test.each(["steps", "one call"] as const)("is there once, nothing lost (%s)", { timeout: 600_000 }, async (form) => {
    const anomalies: string[] = [];
    for (let seed = first; seed < end; seed += 1) anomalies.push(...(await anomaliesOf({ seed, form })));
    expect(anomalies).toEqual([]);
  });

  test("took many lives", { timeout: 60_000 }, async () => {
    expect((await simulateTransform({ seed: 1, form: "steps" })).kills).toBeGreaterThan(5);
    expect((await simulateTransform({ seed: 1, form: "one call" })).kills).toBeGreaterThan(5);
  });

  test(
    "is there twice where offsets are committed by themselves: the simulation finds it",
    { timeout: 60_000 },
    async () => {
      const found: string[] = [];
      for (let seed = 0; seed < 20 && found.length === 0; seed += 1) {
        found.push(...(await anomaliesOf({ seed, form: "one call", careless: true })));
      }
      expect(found[0]).toMatch(/too many/);
    },
  );
});
