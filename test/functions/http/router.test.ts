import { describe, expect, test } from "vitest";
import { Router } from "../../../functions/http/router.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { routes } from "../../../shared/api/routes.ts";
import type { OperationId } from "../../../shared/api/routes.ts";

const operationIds = Object.keys(routes) as OperationId[];
const router = new Router(operationIds);

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof ServiceError) return error.code;
    throw error;
  }
  return "none";
};

describe("Router", () => {
  for (const operationId of operationIds) {
    const { method, path } = routes[operationId];
    test(`finds ${operationId} by ${method} ${path}`, () => {
      const params: Record<string, string> = {};
      const rawPath = path.replaceAll(/\{(\w+)\+?\}/g, (_, name: string) => (params[name] = `${name}-1`));
      expect(router.match(method, rawPath)).toEqual({ kind: "operation", operationId, params });
    });
  }

  test("decodes a segment once and does not split it at an encoded slash", () => {
    const match = router.match("GET", "/v1/default/topics/a%2Fb%2520c");
    expect(match).toMatchObject({ operationId: "describeTopic", params: { topic: "a/b%20c" } });
  });

  test("refuses an encoding that is not UTF-8", () => {
    for (const topic of ["%", "%zz", "%ff", "%c3%28"]) {
      expect(codeOf(() => router.match("GET", `/v1/default/topics/${topic}`))).toBe("INVALID_REQUEST");
    }
  });

  test("does not know other paths, empty segments or a slash at the end", () => {
    for (const path of [
      "",
      "/",
      "*",
      "/v1",
      "/v1/",
      "/v2/namespaces",
      "/v1/namespaces/",
      "/v1//topics",
      "/v1/a/topics/",
      "/v1/a/topics/t/segments",
      "/v1/a/topics/t/partitions/0",
      "/health/x",
      "//health",
      "xhealth",
      "/V1/namespaces",
    ]) {
      expect([path, codeOf(() => router.match("GET", path))]).toEqual([path, "NOT_FOUND"]);
    }
  });

  test("names the methods that a path takes", () => {
    try {
      router.match("PUT", "/v1/default/topics/t");
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: "METHOD_NOT_ALLOWED",
        details: { allow: "GET, PATCH, DELETE, HEAD, OPTIONS" },
      });
    }
    expect(router.match("OPTIONS", "/v1/default/producers")).toEqual({ kind: "methods", allow: "POST, OPTIONS" });
  });

  test("serves HEAD as GET", () => {
    expect(router.match("HEAD", "/health")).toMatchObject({ operationId: "getHealth" });
    expect(codeOf(() => router.match("HEAD", "/v1/default/producers"))).toBe("METHOD_NOT_ALLOWED");
  });

  describe("a path to the end", () => {
    const znodes = "/v1/default/znodes";
    const pathOf = (rawPath: string, isDecoded = false): unknown => {
      const match = router.match("GET", rawPath, isDecoded);
      return match.kind === "operation" ? [match.operationId, match.params["path"]] : match;
    };

    test("has as many segments as there are", () => {
      expect(pathOf(`${znodes}/a`)).toEqual(["getZnode", "a"]);
      expect(pathOf(`${znodes}/a/b/c`)).toEqual(["getZnode", "a/b/c"]);
      expect(pathOf(`${znodes}/znodes/topics`)).toEqual(["getZnode", "znodes/topics"]);
    });

    test("is decoded once, each segment for itself", () => {
      expect(pathOf(`${znodes}/gr%C3%BC%C3%9Fe/a%20b/%2525/+`)).toEqual(["getZnode", "grüße/a b/%25/+"]);
    });

    test("that is decoded already stays as it is", () => {
      expect(pathOf(`${znodes}/grüße/a b/%25/%`, true)).toEqual(["getZnode", "grüße/a b/%25/%"]);
    });

    test("keeps its empty segments, which the service refuses", () => {
      expect(pathOf(`${znodes}//a`)).toEqual(["getZnode", "/a"]);
      expect(pathOf(`${znodes}/a//b/`)).toEqual(["getZnode", "a//b/"]);
    });

    test("has no slash that is encoded", () => {
      for (const path of ["a%2Fb", "a/%2f", "%2F"]) {
        expect([path, codeOf(() => router.match("GET", `${znodes}/${path}`))]).toEqual([path, "BAD_ARGUMENTS"]);
      }
      expect(pathOf(`${znodes}/a%252Fb`)).toEqual(["getZnode", "a%2Fb"]);
    });

    test("refuses an encoding that is not UTF-8, in any segment", () => {
      for (const path of ["a/%", "%zz/b", "a/%ff"]) {
        expect([path, codeOf(() => router.match("GET", `${znodes}/${path}`))]).toEqual([path, "INVALID_REQUEST"]);
      }
    });

    test("is not empty: the root has a path of its own", () => {
      expect(router.match("GET", znodes)).toEqual({
        kind: "operation",
        operationId: "getRoot",
        params: { namespace: "default" },
      });
      expect(codeOf(() => router.match("GET", `${znodes}/`))).toBe("NOT_FOUND");
      expect(codeOf(() => router.match("DELETE", znodes))).toBe("METHOD_NOT_ALLOWED");
      expect(router.match("OPTIONS", `${znodes}/a/b`)).toEqual({
        kind: "methods",
        allow: "POST, GET, PUT, DELETE, HEAD, OPTIONS",
      });
    });
  });

  test("knows only the routes that it was given", () => {
    expect(codeOf(() => new Router(["getHealth"]).match("GET", "/v1/namespaces"))).toBe("NOT_FOUND");
  });
});
