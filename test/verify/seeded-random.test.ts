import { expect, test } from "vitest";
import { SeededRandom } from "../../verify/seeded-random.ts";

const draw = (seed: number): readonly number[] => {
  const random = new SeededRandom(seed);
  return Array.from({ length: 1_000 }, () => random.uint32());
};

test("makes the same choices for the same seed, and others for another", () => {
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(new SeededRandom(7).id()).toMatch(/^[\w-]{22}$/);
});

test("spreads its choices evenly", () => {
  const counts = Array.from({ length: 8 }, () => 0);
  for (const number of draw(1)) counts[number % 8] = (counts[number % 8] ?? 0) + 1;
  for (const count of counts) expect(Math.abs(count - 125)).toBeLessThan(50);
});
