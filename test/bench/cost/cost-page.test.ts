import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { withTables } from "../../../bench/cost/cost-page.ts";

test("the tables of docs/cost.md are those of the predictor (node bench/cost/cost-page.ts)", async () => {
  const page = await readFile(new URL("../../../docs/cost.md", import.meta.url), "utf8");
  expect(withTables(page)).toBe(page);
});
