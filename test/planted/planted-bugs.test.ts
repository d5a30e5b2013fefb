import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { scenarios } from "../simulation/scenarios.ts";
import { lookedForBy, plantedBugs } from "./planted-bugs.ts";
import { checkPatch, patchesFolder } from "./source-copy.ts";

const bugsMin = 25;
const bugs = await plantedBugs();

test(`there are at least ${bugsMin}, each looked for by scenarios that there are`, () => {
  expect(bugs.length).toBeGreaterThanOrEqual(bugsMin);
  expect(Object.keys(lookedForBy).toSorted()).toEqual(bugs.map(({ patch }) => patch.slice(0, 2)));
  const known = new Set(scenarios.map(({ name }) => name));
  const unknown = Object.values(lookedForBy).flatMap((names) => names.filter((name) => !known.has(name)));
  expect(unknown).toEqual([]);
  expect(bugs.filter(({ spans }) => spans.length === 0)).toEqual([]);
});

test("a number that no bug has is refused, and not passed over", () => {
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [main, "--only", "01,99"], { encoding: "utf8" });
  expect(stderr).toContain('no planted bug has the number "99"');
  expect(status).toBe(1);
});

// Whoever changes the code that a patch is for makes the patch anew: else nobody would know that the bug is still found.
describe.each(bugs)("$patch", ({ patch, title }) => {
  test("applies to the sources as they are", async () => {
    await checkPatch(patch);
  });

  test("begins with the mistake, in a line of its own, and is made in the product alone", async () => {
    const text = await readFile(join(patchesFolder, patch), "utf8");
    expect(title).toMatch(/^[A-Z][^\n]{10,118}[^.]$/);
    expect(text.split("\n", 2)[1]).toBe("");
    const changed = [...text.matchAll(/^\+\+\+ b\/(\S+)$/gm)].map(([, path]) => path);
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.filter((path) => !path?.startsWith("shared/"))).toEqual([]);
  });
});
