import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { claimsOf, principalNames } from "./principals.ts";
import { matrixMarkdown, matrixText, readMatrix } from "./matrix.ts";

const page = readFileSync(new URL("../../docs/authorization.md", import.meta.url), "utf8");

test("docs/authorization.md has the matrix as the tests have it", () => {
  expect(page.slice(page.indexOf("<!-- matrix -->"))).toBe(`<!-- matrix -->\n\n${matrixMarkdown(readMatrix())}\n`);
  for (const name of principalNames) {
    const claim = claimsOf(matrixText).get(name);
    expect(page).toContain(claim === undefined ? `| ${name} | none |` : `| ${name} | \`${claim}\` |`);
  }
});
