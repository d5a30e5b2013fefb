/** `npm run openapi` writes openapi.json; with `--check` it only tells, by its exit code, whether the file is up to date. */
import { readFileSync, writeFileSync } from "node:fs";
import { openApiDocument } from "./openapi.ts";

const root = new URL("../../", import.meta.url);
const file = new URL("openapi.json", root);

/** openapi.json as it should be. */
export function openApiText(): string {
  const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { readonly version: string };
  return `${JSON.stringify(openApiDocument(version), null, 2)}\n`;
}

if (import.meta.main) {
  const text = openApiText();
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    process.stderr.write("openapi.json is not what the schemas say: npm run openapi\n");
    process.exitCode = 1;
  }
}
