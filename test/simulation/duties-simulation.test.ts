import fc from "fast-check";
import { expect, test } from "vitest";
import { simulateDuties } from "./duties-simulation.ts";
import { anySteps } from "./duties-steps.ts";

test.each([
  ["trimmed by the collector", false],
  ["dropped by the store, late or never", true],
])(
  "nothing that can be read is collected, and all that cannot is, where hot entries are %s",
  { timeout: 60_000 },
  async (_, dropsExpiredEntries) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), anySteps, async (seed, steps) => {
        expect(await simulateDuties({ seed, dropsExpiredEntries, steps })).toEqual([]);
      }),
      { numRuns: Number(process.env["STREAMKEEPER_RUNS"] ?? 60) },
    );
  },
);
