import { expect, test } from "vitest";
import { RetryBudget } from "../../../client/middleware/retry-budget.ts";

function takeAll(budget: RetryBudget, path: string, hadAnswer: boolean): number {
  let taken = 0;
  while (budget.take(path, hadAnswer) > 0) taken += 1;
  return taken;
}

test("100 retries of one path, or 50 without an answer, spend its tokens, and nobody else's", () => {
  const budget = new RetryBudget();
  expect(takeAll(budget, "/v1/default/topics/hot/records", true)).toBe(100);
  expect(takeAll(budget, "/v1/default/topics/cold/records", false)).toBe(50);
  expect(budget.take("/v1/default/topics/other/records", true)).toBe(5);
});

test("a success gives a token back, and one by a retry what the retry took", () => {
  const budget = new RetryBudget();
  takeAll(budget, "/hot", true);
  for (let count = 0; count < 4; count += 1) budget.succeeded("/hot", 0);
  expect(budget.take("/hot", true)).toBe(0);
  budget.succeeded("/hot", 0);
  const taken = budget.take("/hot", true);
  expect(taken).toBe(5);
  budget.succeeded("/hot", taken);
  expect(takeAll(budget, "/hot", true)).toBe(1);
});

test("tokens do not pile up beyond what a new path has", () => {
  const budget = new RetryBudget();
  budget.take("/hot", true);
  for (let count = 0; count < 1_000; count += 1) budget.succeeded("/hot", 5);
  expect(takeAll(budget, "/hot", true)).toBe(100);
});

test("of many paths it remembers those that were used last", () => {
  const budget = new RetryBudget();
  takeAll(budget, "/hot", true);
  for (let count = 0; count < 1_000; count += 1) budget.take(`/${count}`, true);
  expect(budget.take("/hot", true)).toBe(5);
});
