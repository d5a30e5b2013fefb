import { describe, expect, test } from "vitest";
import { pathPatternsOf } from "../../../shared/api/permission-paths.ts";
import { type Permission, rulesOf } from "../../../shared/api/permissions.ts";

const patternsOf = (permission: Permission): readonly string[] =>
  pathPatternsOf(rulesOf(permission)).map(({ method, path }) => `${method} ${path}`);

describe("the URLs of a permission", () => {
  test("are those of its routes, with its names in their places", () => {
    expect(patternsOf({ action: "produce", namespace: "default", topic: "orders-*" })).toEqual([
      "POST /v1/default/topics/orders-*/records",
      "POST /v1/default/topics/orders-*/partitions/*/records",
      "POST /v1/default/topics/orders-*/producers",
      "GET /v1/default/topics/orders-*/partitions",
    ]);
  });

  test("of a path are its own and those below, and creating is only below", () => {
    const patterns = patternsOf({ action: "coordinate", namespace: "default", path: "/app" });
    expect(patterns).toEqual(expect.arrayContaining(["GET /v1/default/znodes/app", "GET /v1/default/znodes/app/*"]));
    expect(patterns.filter((pattern) => pattern.startsWith("POST /v1/default/znodes"))).toEqual([
      "POST /v1/default/znodes/app/*",
    ]);
  });

  test("of a whole namespace are one for each method", () => {
    expect(patternsOf({ action: "admin", namespace: "team" }).toSorted()).toEqual([
      "DELETE /v1/team/*",
      "GET /health",
      "GET /v1/team/*",
      "PATCH /v1/team/*",
      "POST /v1/team/*",
      "PUT /v1/team/*",
    ]);
    expect(patternsOf({ action: "read", namespace: "team" })).toEqual(
      expect.arrayContaining(["GET /v1/team/*", "POST /v1/team/multi-read"]),
    );
  });

  test("have wildcards of names escaped, and names that may be encoded in both ways", () => {
    const permission = { action: "elect", namespace: "a", election: { exact: "a*$ b" } } as const;
    const own = patternsOf(permission).filter((pattern) => pattern.endsWith("/campaign"));
    expect(own).toEqual(["POST /v1/a/elections/a${*}${$} b/campaign", "POST /v1/a/elections/a%2A%24%20b/campaign"]);
  });

  test.each<Permission>([
    { action: "observe", namespace: "default", path: "app" },
    { action: "observe", namespace: "default", path: "/app/" },
    { action: "observe", namespace: "default", path: "/app/../b" },
    { action: "observe", namespace: "default", path: "/a//b*" },
    { action: "consume", namespace: "default", topic: "t", group: "a/b" },
    { action: "lock", namespace: "default", lock: { exact: "." } },
    { action: "fetch", namespace: "Default", topic: "t" },
    { action: "fetch", namespace: "default", topic: { prefix: "\ud800" } },
  ])("are refused for what no name can be: %j", (permission) => {
    expect(() => rulesOf(permission)).toThrow(RangeError);
  });
});
