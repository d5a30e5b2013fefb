import { expect, test } from "vitest";
import type { SeedResult, SeedRun } from "./run-seed.ts";
import { shrink } from "./shrink.ts";

/** Goes wrong when `b` is hit for the third time, at half the load or more. */
async function run(run: SeedRun): Promise<SeedResult> {
  const { off = [], hitsMax = Infinity, size = 1 } = run;
  const failpoints: Record<string, number> = {};
  for (const failpoint of ["a", "b", "c", "a", "b", "b", "c", "a"]
    .filter((name) => !off.includes(name))
    .slice(0, hitsMax)) {
    failpoints[failpoint] = (failpoints[failpoint] ?? 0) + 1;
  }
  const anomalies = (failpoints["b"] ?? 0) >= 3 && size >= 0.5 ? [`record v${size * 100} was lost`] : [];
  return { run, anomalies, simulatedMs: 1, events: 1, failpoints, hits: [], steps: [], digest: "d" };
}

test("a history is shrunk to what it takes to go wrong in the same way", async () => {
  const failed = await run({ scenario: "s", seed: 1 });
  const { run: shortest, failpoints } = await shrink(failed, { msMax: 1_000, nowMs: () => 0, run });
  expect(shortest).toMatchObject({ scenario: "s", seed: 1, size: 0.5, hitsMax: 3 });
  expect(shortest.off?.toSorted()).toEqual(["a", "c"]);
  expect(failpoints).toEqual({ b: 3 });
});

test("shrinking ends in time, with what it has found by then", async () => {
  const failed = await run({ scenario: "s", seed: 1 });
  expect(await shrink(failed, { msMax: -1, nowMs: () => 0, run })).toBe(failed);
});
