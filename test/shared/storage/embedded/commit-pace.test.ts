import { expect, test } from "vitest";
import { quickCommitBytesMax, slowCommitParts } from "../../../../shared/limits/embedded-store.ts";
import { CommitPace } from "../../../../shared/storage/embedded/commit-pace.ts";

test("lets small commits hold up the event loop until one is slow, and then none for a multiple of its time", () => {
  let nowMs = 1_000;
  const pace = new CommitPace(() => nowMs);
  const take = (ms: number): void => pace.time(() => (nowMs += ms));
  expect([pace.mayBlock(quickCommitBytesMax), pace.mayBlock(quickCommitBytesMax + 1)]).toEqual([true, false]);
  for (let commit = 0; commit < 100; commit += 1) take(0.5);
  expect(pace.mayBlock(1)).toBe(true);
  take(20);
  expect(pace.mayBlock(1)).toBe(false);
  nowMs += 20 * slowCommitParts - 1;
  expect(pace.mayBlock(1)).toBe(false);
  nowMs += 1;
  expect(pace.mayBlock(1)).toBe(true);
});

test("takes the time of a commit that fails, too", () => {
  let nowMs = 0;
  const pace = new CommitPace(() => nowMs);
  const failing = (): void => {
    nowMs += 50;
    throw new Error("no");
  };
  expect(() => pace.time(failing)).toThrow("no");
  expect(pace.mayBlock(1)).toBe(false);
});
