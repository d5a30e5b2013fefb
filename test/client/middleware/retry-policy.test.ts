import * as fc from "fast-check";
import { expect, test } from "vitest";
import { NoAnswerException } from "../../../client/exceptions.ts";
import { isSafeToRepeat, retryDelayMs, retryDelayMsMax, shouldRetry } from "../../../client/middleware/retry-policy.ts";

const repeats = ["read", "repeatable", "keyed", "once"] as const;

test("the back-off doubles, is jittered down to nothing, and never passes its longest", () => {
  expect([1, 2, 3, 4].map((attempts) => retryDelayMs(attempts, 1))).toEqual([50, 100, 200, 400]);
  expect(retryDelayMs(9, 0)).toBe(0);
  expect(retryDelayMs(60, 1)).toBe(retryDelayMsMax);
});

test("what the service asks for is waited for, within a bound, and spread over as long again", () => {
  expect([0, 0.5, 1].map((random) => retryDelayMs(1, random, 700))).toEqual([700, 1_050, 1_400]);
  expect([0, 0.5, 1].map((random) => retryDelayMs(1, random, 3_600_000))).toEqual([2_500, 3_750, retryDelayMsMax]);
  expect(retryDelayMs(1, 1, -5_000)).toBe(50);
});

test("what may have been applied is only repeated where that is safe", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...repeats),
      fc.boolean(),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      (repeat, hasIdempotencyKey, maybeApplied, attempts) => {
        const exception = new NoAnswerException("lost", "x", true);
        const question = { exception, repeat, hasIdempotencyKey, maybeApplied, attempts, maxAttempts: 8 };
        const again = shouldRetry(question);
        expect(again).toBe(attempts < 8 && (!maybeApplied || isSafeToRepeat(repeat, hasIdempotencyKey)));
      },
    ),
  );
});

test.each([
  ["read", false, true],
  ["repeatable", false, true],
  ["keyed", false, false],
  ["keyed", true, true],
  ["once", true, false],
] as const)("repeating %s with a key %s is safe: %s", (repeat, hasKey, safe) => {
  expect(isSafeToRepeat(repeat, hasKey)).toBe(safe);
});

test("an abort and an answer that cannot be read are not repeated", () => {
  for (const reason of ["aborted", "responseTooLarge", "malformedResponse"] as const) {
    const exception = new NoAnswerException(reason, "x", false);
    const question = { exception, hasIdempotencyKey: true, maybeApplied: false, attempts: 1, maxAttempts: 3 };
    expect(shouldRetry({ ...question, repeat: "read" })).toBe(false);
  }
});
