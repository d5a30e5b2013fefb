import { expect, test } from "vitest";
import { runCostBench } from "../../../bench/cost/cost-bench.ts";

/** A prediction may be this far from what is metered. */
const deviationMax = 0.1;
/** Below this it is a matter of single requests. */
const dollarsMin = 0.000_1;

/** Seconds of requests to emulators, and more on a busy machine. */
const testMsMax = 180_000;

test(
  "what is predicted of the stores is within a tenth of what the services use on emulators",
  { timeout: testMsMax },
  async () => {
    const sizes = { writtenBytes: 4 * 1_048_576, znodeOperations: 20, heartbeats: 30 };
    const costs = await runCostBench(sizes, () => {});
    const far = costs.filter(
      ({ meteredDollars, predictedDollars }) =>
        Math.abs(predictedDollars - meteredDollars) > Math.max(dollarsMin, deviationMax * meteredDollars),
    );
    expect(
      far.map(({ what, unit, meteredDollars, predictedDollars }) => ({ what, unit, meteredDollars, predictedDollars })),
    ).toEqual([]);

    const dollars = (what: string, unit: string): number =>
      costs.find((cost) => cost.what === what && cost.unit === unit)?.meteredDollars ?? Number.NaN;
    // One write unit and one PUT for each batch, and a segment.
    expect(dollars("written", "per GiB at 1 MiB")).toBeLessThan(0.006);
    expect(dollars("sealed", "per GiB at 1 MiB")).toBeLessThan(0.005);
    expect(dollars("session-consistent reads", "per million")).toBe(0);
    expect(dollars("sweeps of 3 topics at rest", "per month")).toBeLessThan(0.01);
  },
);
