import fc from "fast-check";
import { expect, test } from "vitest";
import { simulateCompaction } from "./compaction-simulation.ts";
import { anySteps } from "./compaction-steps.ts";

test(
  "every scan of a log that is compacted meanwhile finds the last value of each key",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), anySteps, async (seed, steps) => {
        expect(await simulateCompaction(seed, steps)).toEqual([]);
      }),
      { numRuns: Number(process.env["STREAMKEEPER_RUNS"] ?? 25) },
    );
  },
);
