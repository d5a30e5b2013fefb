import fc from "fast-check";
import { hourMs, minuteMs } from "../shared/partition/partition-fixture.ts";
import type { Step } from "./compaction-simulation.ts";

const duty = (kind: "compact" | "collect"): fc.Arbitrary<Step> =>
  fc.record({
    kind: fc.constant(kind),
    fate: fc.constantFrom("none" as const, "none" as const, "frozen" as const, "killed" as const),
    afterMs: fc.integer({ min: 1, max: 400 }),
  });

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      keys: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 1, maxLength: 4 }),
      bytes: fc.constantFrom(4, 120, 400),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "seal" as const }) },
  { weight: 4, arbitrary: duty("compact") },
  { weight: 3, arbitrary: duty("collect") },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("scan" as const),
      pauseMs: fc.constantFrom(0, 500, 20 * minuteMs),
      freezeAfterMs: fc.constantFrom(0, 0, 5, 60),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(3, 100, minuteMs, 70 * minuteMs, 4 * hourMs, 28 * hourMs),
    }),
  },
);

/** What happens, one after the other. */
export const anySteps: fc.Arbitrary<Step[]> = fc.array(anyStep, { minLength: 10, maxLength: 60, size: "max" });
