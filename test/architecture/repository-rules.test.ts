import { describe, expect, test } from "vitest";
import {
  forbiddenMarks,
  inexactVersions,
  longFiles,
  missingOptionalPackages,
  misnumberedDecisions,
  resolvedAddresses,
} from "./repository-rules.ts";

describe("inexactVersions", () => {
  test.each(["^1.2.3", "~1.2.3", "1.2", "*", "latest", ">=1.0.0", "1.x", "", "file:../a", "npm:b@^1.0.0"])(
    "reports %j",
    (version) => {
      expect(inexactVersions(JSON.stringify({ dependencies: { a: version } }))).toEqual([`a@${version}`]);
    },
  );

  test("accepts exact versions in every group", () => {
    const manifest = {
      dependencies: { a: "1.2.3" },
      devDependencies: { b: "1.2.3-rc.1", c: "npm:@scope/d@6.0.0" },
      overrides: { e: "1.0.0", f: { g: "2.0.0", h: "$a" } },
    };
    expect(inexactVersions(JSON.stringify(manifest))).toEqual([]);
  });

  test.each(["devDependencies", "optionalDependencies", "peerDependencies", "overrides"])("looks into %s", (group) => {
    expect(inexactVersions(JSON.stringify({ [group]: { a: "^1.0.0" } }))).toEqual(["a@^1.0.0"]);
  });

  test("looks into nested overrides", () => {
    expect(inexactVersions(JSON.stringify({ overrides: { a: { b: "^1.0.0" } } }))).toEqual(["a > b@^1.0.0"]);
  });
});

test("resolvedAddresses reports a package with an address", () => {
  const packages = { "": {}, "node_modules/a": { resolved: "https://registry.example/a.tgz" }, "node_modules/b": {} };
  expect(resolvedAddresses(JSON.stringify({ packages }))).toEqual(["node_modules/a"]);
});

describe("missingOptionalPackages", () => {
  test("reports the platforms that the lock file leaves out", () => {
    const packages = {
      "": { optionalDependencies: { "own-darwin": "1.0.0" } },
      "node_modules/tool": { optionalDependencies: { "@tool/linux": "1.0.0", "@tool/darwin": "1.0.0" } },
      "node_modules/@tool/linux": {},
    };
    expect(missingOptionalPackages(JSON.stringify({ packages }))).toEqual(["@tool/darwin", "own-darwin"]);
  });

  test("finds them beside the package, above it and at the root", () => {
    const packages = {
      "node_modules/@s/a/node_modules/b": { optionalDependencies: { beside: "1", above: "1", root: "1" } },
      "node_modules/@s/a/node_modules/b/node_modules/beside": {},
      "node_modules/@s/a/node_modules/above": {},
      "node_modules/root": {},
    };
    expect(missingOptionalPackages(JSON.stringify({ packages }))).toEqual([]);
  });

  test("does not take one that only another package can see", () => {
    const packages = {
      "node_modules/a": { optionalDependencies: { c: "1" } },
      "node_modules/b/node_modules/c": {},
    };
    expect(missingOptionalPackages(JSON.stringify({ packages }))).toEqual(["c"]);
  });
});

test("longFiles reports a file of one line too many", () => {
  const sources = new Map([
    ["a.ts", "1\n2\n3\n"],
    ["b.ts", "1\n2\n3\n4\n"],
    ["c.ts", "1\n2\n3\n4"],
  ]);
  expect(longFiles(sources, 3)).toEqual(["b.ts: 4", "c.ts: 4"]);
});

describe("forbiddenMarks", () => {
  test.each([
    // The tilde keeps this file clear of what it reports.
    "// TO~DO later",
    "/* FIX~ME */",
    "// @ts-~ignore",
    "// @ts-~nocheck",
    "// oxlint-~disable-next-line",
    "/* eslint-~disable */",
    "test.~only('a', f)",
    "describe.~skip('a', f)",
    "test.concurrent.~skip('a', f)",
    "test.~only.each([1])('a', f)",
  ])("reports %j", (written) => {
    const line = written.replace("~", "");
    expect(forbiddenMarks(new Map([["a.ts", `ok\n  ${line}\n`]]))).toEqual([`a.ts:2 ${line}`]);
  });

  test.each(["reader.skip(4)", "const only = 1", "methodology", "// @ts-expect-error: refused on purpose"])(
    "accepts %j",
    (line) => {
      expect(forbiddenMarks(new Map([["a.ts", line]]))).toEqual([]);
    },
  );
});

test("misnumberedDecisions reports a number used twice, and a name without one", () => {
  const names = ["0001-a.md", "0002-b.md", "0002-c.md", "notes.md", "3-d.md"];
  expect(misnumberedDecisions(names)).toEqual(["0002-c.md", "notes.md", "3-d.md"]);
});
