/** How a handler becomes what Lambda runs. docs/decisions/0005-deployment.md and 0026 say what was measured, and against what. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of `package.json`. */
export const repositoryRoot = fileURLToPath(new URL("../", import.meta.url));

const program = fileURLToPath(new URL("bundling/main.ts", import.meta.url));

let bundles: string | undefined;

/**
 * Writes the bundle of `functions/<capability>.ts` to a folder; it begins in `index.mjs`. The first call in a process bundles all
 * functions, where their sources have changed since the last time.
 *
 * @throws Error if something that a function imports cannot be resolved or bundled
 */
export function bundleFunction(capability: string, outdir: string): void {
  bundles ??= execFileSync(process.execPath, [program], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  }).trim();
  const folder = join(bundles, capability);
  if (!existsSync(folder)) throw new Error(`there is no function ${capability}`);
  cpSync(folder, outdir, { recursive: true });
}
