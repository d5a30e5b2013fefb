import { describe, expect, test } from "vitest";
import { commonPath, scopeOfWrites } from "../../client/path-scope.ts";

describe("the path that a request is sent to", () => {
  test.each<[readonly string[], string | undefined]>([
    [["/app"], "/app"],
    [["/app/a", "/app/b"], "/app"],
    [["/app/a/x", "/app/a"], "/app/a"],
    [["/app", "/application"], undefined],
    [["/app", "/"], undefined],
    [[], undefined],
    [["app"], undefined],
    [["/app//a"], "/app"],
  ])("is the deepest that all of %j are at or below", (paths, common) => {
    expect(commonPath(paths)).toBe(common);
  });

  test("ends before a name that API Gateway may make another of", () => {
    expect(commonPath(["/app/100%/a"])).toBe("/app");
    expect(commonPath(["/what?/a"])).toBeUndefined();
  });

  test("is not that of the grants that fence it, unless there is nothing else", () => {
    const fence = { type: "fence", path: "/locks/l/write-a-0000000001", fencingToken: 4 } as const;
    expect(scopeOfWrites([fence, { type: "setData", path: "/app/a" }])).toBe("/app/a");
    expect(scopeOfWrites([fence])).toBe(fence.path);
    const elsewhere = { ...fence, path: "/semaphores/s" };
    expect(scopeOfWrites([elsewhere, { type: "setData", path: "/app/a" }])).toBeUndefined();
  });

  test("is above a sequential znode, which gets another name", () => {
    expect(scopeOfWrites([{ type: "create", path: "/app/task-", mode: "persistent_sequential" }])).toBe("/app");
    expect(scopeOfWrites([{ type: "create", path: "/app", mode: "ephemeral_sequential" }])).toBeUndefined();
    expect(scopeOfWrites([{ type: "create", path: "/app" }])).toBe("/app");
  });
});
