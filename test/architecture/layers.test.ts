import { describe, expect, test } from "vitest";
import type { Layer } from "./layers.ts";
import { findViolations, importGraph } from "./layers.ts";

const now = { name: "Date.now", pattern: /\bDate\.now\b/g };
const layers: readonly Layer[] = [
  { name: "low", files: ["low/**"], mayImport: [], packages: [], forbiddenNames: [now] },
  { name: "special", files: ["low/special.ts"], mayImport: ["low"], packages: ["node:*"] },
  { name: "flat", files: ["low/flat/*"], mayImport: ["low"], packages: ["@scope/*", "plain"] },
  { name: "high", files: ["high/**"], mayImport: "any", packages: "any" },
];

function messages(sources: Record<string, string>): string[] {
  const found = findViolations(new Map(Object.entries(sources)), layers);
  return found.map(({ file, line, message }) => `${file}:${line} ${message}`);
}

describe("findViolations", () => {
  test("reports an import that points up, with its file and line", () => {
    const sources = { "low/a.ts": '\nimport { b } from "../high/b.ts";', "high/b.ts": "" };
    expect(messages(sources)).toEqual(["low/a.ts:2 low must not import high/b.ts (high)"]);
  });

  test("reports a package that the layer must not use, by the package's name", () => {
    expect(messages({ "low/a.ts": 'import { b } from "@scope/p/deep";' })).toEqual([
      "low/a.ts:1 low must not import @scope/p",
    ]);
  });

  test("lets files of one layer import each other, and a layer import what it names", () => {
    const sources = {
      "low/a.ts": 'import { b } from "./deep/b.ts";',
      "low/special.ts": 'import { a } from "./a.ts";\nimport { b } from "node:fs/promises";',
      "low/flat/a.ts": 'import { a } from "../a.ts";\nimport { b } from "@scope/p";\nimport { c } from "plain/sub";',
      "high/a.ts": 'import { a } from "../low/a.ts";\nimport(name);',
    };
    expect(messages(sources)).toEqual([]);
  });

  test("takes the most exact pattern: a file before a flat folder before a deep one", () => {
    expect(messages({ "low/a.ts": 'import { a } from "./special.ts";' })).toEqual([
      "low/a.ts:1 low must not import low/special.ts (special)",
    ]);
    expect(messages({ "low/flat/deep/a.ts": 'import { a } from "plain";' })).toEqual([
      "low/flat/deep/a.ts:1 low must not import plain",
    ]);
  });

  test("reports a forbidden name in code, but not in a comment or a string", () => {
    const source = '// Date.now\nconst a = "Date.now";\nconst b = `${Date.now()}`;';
    expect(messages({ "low/a.ts": source })).toEqual(["low/a.ts:3 low must not use Date.now"]);
  });

  test("reports a computed import where imports are limited", () => {
    expect(messages({ "low/a.ts": "import(name);" })).toEqual(["low/a.ts:1 low must not compute what it imports"]);
  });

  test("reports files, and imports of files, that belong to no layer", () => {
    expect(messages({ "stray/a.ts": "", "low/a.ts": 'import "../stray/a.ts";' })).toEqual([
      "stray/a.ts:1 belongs to no layer",
      "low/a.ts:1 imports stray/a.ts, which belongs to no layer",
    ]);
  });

  test("refuses a table that names a layer which does not exist", () => {
    const broken: Layer[] = [{ name: "a", files: ["a/**"], mayImport: ["b"], packages: [] }];
    expect(() => findViolations(new Map(), broken)).toThrow("unknown layer: b");
  });
});

test("importGraph holds the repository's own files only, each once", () => {
  const sources = new Map([
    ["a/x.ts", 'import { y } from "./y.ts";\nimport type { Y } from "./y.ts";\nimport "./gone.ts";\nimport "zod";'],
    ["a/y.ts", 'export * from "../b/z.ts";'],
    ["b/z.ts", ""],
  ]);
  expect(importGraph(sources)).toEqual(
    new Map([
      ["a/x.ts", ["a/y.ts"]],
      ["a/y.ts", ["b/z.ts"]],
      ["b/z.ts", []],
    ]),
  );
});
