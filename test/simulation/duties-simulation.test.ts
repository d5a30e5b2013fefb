import fc from "fast-check";
import { expect, test } from "vitest";
import { hourMs, minuteMs } from "../shared/partition/partition-fixture.ts";
import { simulateDuties, type Step } from "./duties-simulation.ts";

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

test.each([
  ["trimmed by the collector", false],
  ["dropped by the store, late or never", true],
])(
  "nothing that can be read is collected, and all that cannot is, where hot entries are %s",
  { timeout: 60_000 },
  async (_, dropsExpiredEntries) => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1_000_000),
        fc.array(anyStep, { minLength: 10, maxLength: 80, size: "max" }),
        async (seed, steps) => {
          expect(await simulateDuties({ seed, dropsExpiredEntries, steps })).toEqual([]);
        },
      ),
      { numRuns: Number(process.env["STREAMKEEPER_RUNS"] ?? 60) },
    );
  },
);
