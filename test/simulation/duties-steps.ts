import fc from "fast-check";
import { hourMs, minuteMs } from "../shared/partition/partition-fixture.ts";
import type { Step } from "./duties-simulation.ts";

const fraction = fc.float({ min: 0, max: 1, noNaN: true });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      records: fc.integer({ min: 1, max: 4 }),
      isLarge: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "seal" as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: "collect" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("retain" as const),
      retentionMs: fc.constantFrom(hourMs, 5 * hourMs, 100 * hourMs),
      retentionBytes: fc.constantFrom(200, 2_000, 1_000_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("truncate" as const), where: fraction }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      where: fraction,
      reader: fc.nat(2),
      freezeAfterMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 })),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(3, 30, minuteMs, 11 * minuteMs, 90 * minuteMs, 3 * hourMs, 28 * hourMs),
    }),
  },
);

/** What happens, one after the other. */
export const anySteps: fc.Arbitrary<Step[]> = fc.array(anyStep, { minLength: 10, maxLength: 80, size: "max" });
