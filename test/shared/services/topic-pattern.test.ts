import { expect, test } from "vitest";
import { compilePattern, TopicPatterns } from "../../../shared/services/topic-pattern.ts";

const refused = expect.objectContaining({ name: "ServiceError", code: "INVALID_REGULAR_EXPRESSION" }) as Error;

test.each([
  ["counts one after the other", "(.?){1000}".repeat(100)],
  ["a long part that is repeated", `(?:${"a?".repeat(505)}){1000}`],
  ["counts within each other", "(?:(?:a?){10}){100}".repeat(50)],
  ["a count without an end", "(?:a?){900,}".repeat(60)],
  ["one count that is too large by itself", "(?:abc?){500}"],
])("a pattern that takes long to match is refused: %s", (_, pattern) => {
  expect(() => compilePattern(pattern)).toThrow(refused);
});

test.each([
  "orders",
  ".*",
  "a?".repeat(512),
  Array.from({ length: 90 }, (_, index) => `topic-nr-${index}`)
    .join("|")
    .slice(0, 1_024),
  "[a-z]{1,63}-[a-z]{1,63}",
  "logs-\\d{4}-\\d{2}-\\d{2}",
  "\\{\\}",
])("an ordinary pattern is taken: %.20s", (pattern) => {
  expect(compilePattern(pattern).matches("")).toBe(pattern === ".*" || pattern.startsWith("a?a?"));
});

test("names are matched as a whole, and more of them than are remembered", () => {
  const patterns = new TopicPatterns();
  for (let round = 0; round < 2; round += 1) {
    for (let index = 0; index < 2_500; index += 1) expect(patterns.matches("t-[0-9]*", `t-${index}`)).toBe(true);
    expect(patterns.matches("t-[0-9]*", "not-t-1")).toBe(false);
  }
  for (let index = 0; index < 150; index += 1) expect(patterns.matches(`t-${index}`, `t-${index}`)).toBe(true);
});
