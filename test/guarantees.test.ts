import { globSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { workloadNames } from "../verify/workloads/workloads.ts";
import { scenarios } from "./simulation/scenarios.ts";

/** The rows of the tables in docs/guarantees.md: what is promised, and what shows it. */
const text = readFileSync("docs/guarantees.md", "utf8");
const rows = text
  .slice(0, text.indexOf("## Durability"))
  .split("\n")
  .flatMap((line) => {
    const [, promise, shownBy] = /^\| (.+) \| (.+) \|$/.exec(line) ?? [];
    return promise === undefined || shownBy === undefined || promise.includes("---") ? [] : [{ promise, shownBy }];
  })
  .filter(({ shownBy }) => shownBy !== "shown by");

const known: Readonly<Record<string, ReadonlySet<string>>> = {
  SIM: new Set(scenarios.map(({ name }) => name)),
  VERIFY: new Set<string>(workloadNames),
  MODEL: new Set(
    readdirSync("models", { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : [])),
  ),
};

/** What of a row is named as a proof, and is not there. */
function missingOf(shownBy: string): string[] {
  return shownBy.split(";").flatMap((part) => {
    const paths = [...part.matchAll(/`(test\/[^`]+)`/g)].map(([, path = ""]) => path);
    const missing = paths.filter((path) => globSync(path).length === 0);
    const [, kind = "", names = ""] = /\b(SIM|VERIFY|MODEL) ([^(`]+)/.exec(part) ?? [];
    const unknown = names.split(",").map((name) => name.trim());
    return [...missing, ...unknown.filter((name) => name !== "" && known[kind]?.has(name) !== true)];
  });
}

test.each(rows)("what is to show that “$promise” is there", ({ shownBy }) => {
  expect(missingOf(shownBy)).toEqual([]);
});

test("each promise has something that shows it", () => {
  expect(rows.length).toBeGreaterThan(20);
  for (const { shownBy } of rows) expect(shownBy).toMatch(/SIM|VERIFY|MODEL|`test|npm run/);
  expect(missingOf("SIM nothing; `test/nothing.test.ts`")).toEqual(["nothing", "test/nothing.test.ts"]);
  expect(missingOf(text.slice(text.indexOf("## Durability")).replaceAll(/SIM|VERIFY|MODEL/g, ""))).toEqual([]);
});
