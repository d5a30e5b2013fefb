import { describe, expect, test } from "vitest";
import { type ExactlyOnceSimulation, simulateExactlyOnce } from "./exactly-once-simulation.ts";

/** `STREAMKEEPER_SEED=n` runs that one history alone; `STREAMKEEPER_SEEDS=n` runs more of them. */
const onlySeed = process.env["STREAMKEEPER_SEED"];
const seeds = Number(process.env["STREAMKEEPER_SEEDS"] ?? 15);
const [first, end] = onlySeed === undefined ? [0, seeds] : [Number(onlySeed), Number(onlySeed) + 1];

async function anomaliesOf(simulation: ExactlyOnceSimulation): Promise<string[]> {
  const { seed } = simulation;
  try {
    const { anomalies } = await simulateExactlyOnce(simulation);
    return anomalies.map((anomaly) => `seed ${seed}: ${anomaly}`);
  } catch (cause) {
    return [`seed ${seed}: ${String(cause)}`];
  }
}

describe("transactions in partitions that are sealed and compacted meanwhile", () => {
  test("are whole or not there, for readers that follow them as well", { timeout: 600_000 }, async () => {
    const anomalies: string[] = [];
    for (let seed = first; seed < end; seed += 1)
      anomalies.push(...(await anomaliesOf({ seed, trouble: seed % 5 > 0 })));
    expect(anomalies).toEqual([]);
  });

  test("have histories worth looking at: some are committed, some are not", async () => {
    const histories = await Promise.all([1, 2, 3].map((seed) => simulateExactlyOnce({ seed, trouble: seed > 1 })));
    const sum = (count: (history: (typeof histories)[number]) => number): number =>
      histories.reduce((total, history) => total + count(history), 0);
    expect(sum(({ committed }) => committed)).toBeGreaterThan(10);
    expect(sum(({ aborted }) => aborted)).toBeGreaterThan(10);
  });
});
