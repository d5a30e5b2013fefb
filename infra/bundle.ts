/** How a handler becomes what Lambda runs. docs/decisions/0005-deployment.md says what was measured, and against what. */
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import type { BuildOptions } from "esbuild";

/** The folder of `package.json`. */
export const repositoryRoot = fileURLToPath(new URL("../", import.meta.url));

/**
 * What the SDK would import only in a browser, or where the environment has no credentials; Lambda's has. A tenth of a bundle.
 */
const neverImported = [
  "@aws-sdk/credential-provider-ini",
  "@aws-sdk/credential-provider-process",
  "@aws-sdk/credential-provider-sso",
  "@aws-sdk/credential-provider-web-identity",
  "bowser",
];

/** The AWS SDK is bundled like everything else: the one in Lambda's runtime is neither pinned nor as quick to import. */
const options: BuildOptions = {
  absWorkingDir: repositoryRoot,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  minify: true,
  // What is imported when it is first needed (S3, SQS, credentials from elsewhere) stays in files of its own: a cold start
  // does not even parse it.
  splitting: true,
  // The packages' ES modules: tree-shaken, they make a bundle a fifth smaller than their CommonJS builds do.
  mainFields: ["module", "main"],
  alias: Object.fromEntries(neverImported.map((name) => [name, "./infra/not-in-lambda.ts"])),
  logLevel: "warning",
};

/**
 * Writes the bundle of `functions/<capability>.ts` to a folder; it begins in `index.mjs`.
 *
 * @throws BuildFailure if something that it imports cannot be resolved or bundled
 */
export function bundleFunction(capability: string, outdir: string): void {
  buildSync({ ...options, entryPoints: { index: `functions/${capability}.ts` }, outdir });
}
