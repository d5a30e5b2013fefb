import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openApiText } from "../../../shared/api/generate-openapi.ts";
import { openApiDocument } from "../../../shared/api/openapi.ts";
import { routes } from "../../../shared/api/routes.ts";

/** OpenAPI knows no parameter of several segments. */
const documented = (path: string): string => path.replace("+}", "}");

test("openapi.json is what the schemas say (npm run openapi)", () => {
  const stored = readFileSync(new URL("../../../openapi.json", import.meta.url), "utf8");
  expect(stored === openApiText()).toBe(true);
});

describe("the OpenAPI document", () => {
  const document = openApiDocument("1.2.3") as {
    readonly openapi: string;
    readonly paths: Record<string, Record<string, { operationId: string; parameters: { name: string; in: string }[] }>>;
    readonly components: { readonly schemas: Record<string, unknown> };
  };

  test("has every route, under its operation id", () => {
    expect(document.openapi).toBe("3.1.0");
    for (const [id, { method, path }] of Object.entries(routes)) {
      expect(document.paths[documented(path)]?.[method.toLowerCase()]?.operationId).toBe(id);
    }
  });

  test("describes every parameter of a path, and no other", () => {
    for (const { method, path } of Object.values(routes)) {
      const named = [...documented(path).matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const parameters = document.paths[documented(path)]?.[method.toLowerCase()]?.parameters ?? [];
      expect(parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name)).toEqual(named);
    }
  });

  test("says which headers tell who asks, and that the rest of a path stands for itself", () => {
    const parametersOf = (path: string, method: string) =>
      (document.paths[path]?.[method]?.parameters ?? []) as { name: string; in: string; required: boolean }[];
    const headersOf = (path: string, method: string) =>
      parametersOf(path, method).flatMap(({ in: place, name, required }) =>
        place === "header" ? [`${name}${required ? "" : "?"}`] : [],
      );
    const session = "/v1/{namespace}/sessions/{sessionId}";
    expect(headersOf(`${session}/heartbeat`, "post")).toEqual(["x-streamkeeper-session"]);
    expect(headersOf("/v1/{namespace}/znodes/{path}", "get")).toEqual([
      "x-streamkeeper-session?",
      "x-streamkeeper-auth?",
    ]);
    expect(headersOf("/v1/{namespace}/topics/{topic}", "get")).toEqual([]);
    const path = parametersOf("/v1/{namespace}/znodes/{path}", "get").find(({ name }) => name === "path");
    expect(path).toMatchObject({ required: true, description: expect.stringContaining("slashes") });
  });

  test("refers only to components that it has", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(20);
    for (const [, name] of references) expect(document.components.schemas).toHaveProperty(String(name));
    expect(JSON.stringify(document)).not.toContain("$defs");
  });

  test("leaves answers open for fields of later versions and keeps requests closed", () => {
    const { Topic, TopicRecord } = document.components.schemas as Record<string, { additionalProperties?: boolean }>;
    expect(Topic).not.toHaveProperty("additionalProperties");
    expect(TopicRecord?.additionalProperties).toBe(false);
  });
});
