import { describe, expect, test } from "vitest";
import { findPathProblem, nameOf, parentOf, sequentialSuffix } from "../../../shared/tree/paths.ts";

describe("a path of a znode", () => {
  test.each([
    "/",
    "/a",
    "/a/b",
    "/...",
    "/..a/b..",
    "/.a",
    "/ ",
    "/\u007e\u00a0",
    "/\ud7ff",
    "/\uf900\uffef",
    "/zookeeper/quota",
  ])("may be %j", (path) => {
    expect(findPathProblem(path)).toBeUndefined();
  });

  test.each([
    "",
    "a",
    "a/b",
    "/a/",
    "//",
    "//a",
    "/a//b",
    "/.",
    "/..",
    "/./a",
    "/a/..",
    "/a/../b",
    "/\u0000",
    "/a\u0001",
    "/a\u001f",
    "/\u007f",
    "/\u009f",
    "/\ud800",
    "/\udfff",
    "/\ue000",
    "/\uf8ff",
    "/\ufff0",
    "/\uffff",
    "/\u{1f600}",
    "/\u{10ffff}",
  ])("may not be %j", (path) => {
    expect(findPathProblem(path)).toBeDefined();
  });

  test("has a parent and a name", () => {
    expect(["/a", "/a/b", "/a/b/c"].map(parentOf)).toEqual(["/", "/a", "/a/b"]);
    expect(["/a", "/a/b"].map(nameOf)).toEqual(["a", "b"]);
  });

  test("of a sequential znode ends with ten digits, and with more when they are used up", () => {
    expect([0, 42, 2_147_483_648, 12_345_678_901].map(sequentialSuffix)).toEqual([
      "0000000000",
      "0000000042",
      "2147483648",
      "12345678901",
    ]);
  });
});
