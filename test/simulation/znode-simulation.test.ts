import { describe, expect, test } from "vitest";
import { simulateZnodes, type ZnodeSimulation } from "./znode-simulation.ts";

/** `STREAMKEEPER_SEED=n` runs that one history alone; `STREAMKEEPER_SEEDS=n` runs more of them. */
const onlySeed = process.env["STREAMKEEPER_SEED"];
const seeds = Number(process.env["STREAMKEEPER_SEEDS"] ?? 10);
const [first, end] = onlySeed === undefined ? [0, seeds] : [Number(onlySeed), Number(onlySeed) + 1];

async function anomaliesOf(simulation: ZnodeSimulation): Promise<string[]> {
  const { seed } = simulation;
  try {
    const { anomalies } = await simulateZnodes(simulation);
    return anomalies.map((anomaly) => `seed ${seed}: ${anomaly}`);
  } catch (cause) {
    return [`seed ${seed}: ${String(cause)}`];
  }
}

describe("znodes that many write, create and watch", () => {
  test(
    "are written whole and once, end with their sessions, and are told of in order",
    { timeout: 600_000 },
    async () => {
      const anomalies: string[] = [];
      for (let seed = first; seed < end; seed += 1)
        anomalies.push(...(await anomaliesOf({ seed, trouble: seed % 5 > 0 })));
      expect(anomalies).toEqual([]);
    },
  );

  test("have histories worth looking at: many are written, some are refused, watchers hear of them", async () => {
    const histories = await Promise.all([1, 2, 3].map((seed) => simulateZnodes({ seed, trouble: true })));
    const sum = (count: (history: (typeof histories)[number]) => number): number =>
      histories.reduce((total, history) => total + count(history), 0);
    expect(sum(({ acknowledged }) => acknowledged)).toBeGreaterThan(100);
    expect(sum(({ refused }) => refused)).toBeGreaterThan(20);
    expect(sum(({ heard }) => heard)).toBeGreaterThan(100);
  });
});
