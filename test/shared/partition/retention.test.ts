import { describe, expect, test } from "vitest";
import { datedMs, Retention, type RetentionSettings } from "../../../shared/partition/retention.ts";

const hourMs = 3_600_000;
const nowMs = 1_000 * hourMs;

/** Oldest first: how many of these segments are given up. */
function givenUp(
  settings: Partial<RetentionSettings>,
  segments: readonly (readonly [ageHours: number, sizeBytes: number])[],
): number {
  const sizeBytes = segments.reduce((sum, [, size]) => sum + size, 0);
  const retention = new Retention({ retentionMs: undefined, retentionBytes: undefined, ...settings }, nowMs, sizeBytes);
  const kept = segments.findIndex(([ageHours, size]) => {
    const maxTimestamp = nowMs - ageHours * hourMs;
    return !retention.givesUp({ maxTimestamp, lastAppendedMs: maxTimestamp, sizeBytes: size });
  });
  return kept < 0 ? segments.length : kept;
}

describe("retention.ms", () => {
  test.each([
    ["nothing without it", undefined, [9, 8, 7], 0],
    ["what is older", 5 * hourMs, [9, 8, 4], 2],
    ["nothing that is just as old", 8 * hourMs, [8, 7], 0],
    ["everything, if all is older", 5 * hourMs, [9, 8, 7], 3],
    ["nothing behind a younger segment, however old it is", 5 * hourMs, [9, 4, 8], 1],
    ["all that is not of this very moment, when it is 0", 0, [2, 1, 0], 2],
  ] as const)("gives up %s", (_, retentionMs, ages, expected) => {
    const segments = ages.map((age) => [age, 100] as const);
    expect(givenUp({ retentionMs }, segments)).toBe(expected);
  });
});

describe("retention.bytes", () => {
  test.each([
    ["nothing without it", undefined, [50, 50, 50], 0],
    ["nothing below it", 150, [50, 50, 50], 0],
    ["nothing without which less than it would be left", 120, [50, 50, 50], 0],
    ["as many as leave it", 60, [50, 50, 50], 1],
    ["as many as leave it exactly", 50, [50, 50, 50], 2],
    ["everything, when it is 0", 0, [50, 50, 50], 3],
    ["nothing behind a segment that is too large to be given up", 120, [100, 1, 50], 0],
  ] as const)("gives up %s", (_, retentionBytes, sizes, expected) => {
    const segments = sizes.map((size) => [1, size] as const);
    expect(givenUp({ retentionBytes }, segments)).toBe(expected);
  });
});

test("either is reason enough, and what is given up for its age counts for the size", () => {
  const segments = [9, 8, 3, 2].map((age) => [age, 50] as const);
  expect(givenUp({ retentionMs: 5 * hourMs, retentionBytes: 120 }, segments)).toBe(2);
  expect(givenUp({ retentionMs: 5 * hourMs, retentionBytes: 60 }, segments)).toBe(2);
  expect(givenUp({ retentionMs: 5 * hourMs, retentionBytes: 50 }, segments)).toBe(3);
});

describe("the age of a segment counts from", () => {
  test.each([
    ["its latest record", 7_000, 9_000, 7_000],
    ["its latest record, also one before 1970's first second is over", 0, 9_000, 0],
    ["its last append, where records have no time", -1, 9_000, 9_000],
    ["a record that is dated up to an hour after its append", 9_000 + hourMs, 9_000, 9_000 + hourMs],
    ["an hour after its append, where a record is dated later", 4_000_000_000_000, 9_000, 9_000 + hourMs],
  ])("%s", (_, maxTimestamp, lastAppendedMs, expected) => {
    expect(datedMs({ maxTimestamp, lastAppendedMs })).toBe(expected);
  });
});
