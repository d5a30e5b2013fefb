import { expect, test } from "vitest";
import { findCycles } from "./cycles.ts";

function cyclesOf(edges: Record<string, string[]>): string[][] {
  return findCycles(new Map(Object.entries(edges)));
}

test("finds none where every way ends", () => {
  expect(cyclesOf({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] })).toEqual([]);
});

test("reports a cycle in the order of its imports, without what only leads to it", () => {
  expect(cyclesOf({ entry: ["a"], a: ["b", "leaf"], b: ["c"], c: ["a"], leaf: [] })).toEqual([["a", "b", "c"]]);
});

test("reports the shortest way round", () => {
  expect(cyclesOf({ a: ["b"], b: ["c", "a"], c: ["a"] })).toEqual([["a", "b"]]);
});

test("reports a file that imports itself", () => {
  expect(cyclesOf({ a: ["a"] })).toEqual([["a"]]);
});

test("reports cycles that share nothing each for itself", () => {
  expect(cyclesOf({ a: ["b"], b: ["a", "c"], c: ["d"], d: ["c"] })).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
});
