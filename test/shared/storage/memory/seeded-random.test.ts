import { expect, test } from "vitest";
import { SeededRandom } from "../../../../shared/storage/memory/seeded-random.ts";

test("repeats for a seed, and differs between seeds that are close", () => {
  const draw = (seed: number): number[] => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 50 }, () => random.uint32());
  };
  expect(draw(42)).toEqual(draw(42));
  const all = [0, 1, 2, 2 ** 32 - 1].flatMap(draw);
  expect(new Set(all).size).toBe(200);
});

test("is uniform", () => {
  const random = new SeededRandom(5);
  const counts = Array.from({ length: 16 }, () => 0);
  for (let draw = 0; draw < 16_000; draw++) {
    const bucket = random.below(16);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  const chances = Array.from({ length: 10_000 }, () => random.chance(0.1)).filter(Boolean).length;
  expect(Math.abs(chances - 1_000)).toBeLessThan(150);
});

test("forks into generators that do not follow one another", () => {
  const random = new SeededRandom(5);
  const fork = random.fork();
  const next = random.uint32();
  const again = new SeededRandom(5);
  const otherFork = again.fork();
  for (let draw = 0; draw < 10; draw++) otherFork.uint32();
  expect(again.uint32()).toBe(next);
  expect(fork.uint32()).not.toBe(next);
});

test.each([-1, 0.5, 2 ** 32, Number.NaN])("refuses the seed %d", (seed) => {
  expect(() => new SeededRandom(seed)).toThrow(RangeError);
});
