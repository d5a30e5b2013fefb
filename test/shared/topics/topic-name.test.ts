import { describe, expect, test } from "vitest";
import { collide, findTopicNameProblem, isReservedTopicName, mayCollide } from "../../../shared/topics/topic-name.ts";

describe("a topic's name", () => {
  test.each(["a", "A-Z_0.9", "...", "-", "_", "x".repeat(249), "__consumer_offsets"])("may be %s", (name) => {
    expect(findTopicNameProblem(name)).toBeUndefined();
  });

  test.each([
    ["", "empty"],
    [".", "'.' or '..'"],
    ["..", "'.' or '..'"],
    ["x".repeat(250), "longer than 249"],
    ["a b", "ASCII"],
    ["a/b", "ASCII"],
    ["a:b", "ASCII"],
    ["é", "ASCII"],
    ["a\n", "ASCII"],
    ["a\0", "ASCII"],
  ])("may not be %j", (name, problem) => {
    expect(findTopicNameProblem(name)).toContain(problem);
  });

  test("collides with another that differs only in . and _", () => {
    expect(collide("a.b", "a_b")).toBe(true);
    expect(collide("a.b", "a.b")).toBe(false);
    expect(collide("a.b", "a-b")).toBe(false);
    expect(collide("a.b", "a_c")).toBe(false);
    expect([mayCollide("a.b"), mayCollide("a_b"), mayCollide("a-b")]).toEqual([true, true, false]);
  });

  test("is not that of a topic of the service's own", () => {
    expect(isReservedTopicName("__znode_changes")).toBe(true);
    expect(isReservedTopicName("orders")).toBe(false);
  });
});
