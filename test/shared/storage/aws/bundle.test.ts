/** What a function that opens this storage has to load before its first request. */
import { join } from "node:path";
import { type Metafile, build } from "esbuild";
import { expect, test } from "vitest";

const bundleBytesMax = 1_000_000;
const source = `
  import { awsStorageFromEnvironment } from "./aws-storage.ts";
  export const storage = awsStorageFromEnvironment(process.env);
`;

async function bundle(splitting: boolean): Promise<Metafile> {
  const { metafile } = await build({
    stdin: { contents: source, resolveDir: join(import.meta.dirname, "../../../../shared/storage/aws"), loader: "ts" },
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node24",
    mainFields: ["module", "main"],
    splitting,
    outdir: "bundle",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  return metafile;
}

test("is smaller than 1 MB with all three SDK clients", async () => {
  const { outputs } = await bundle(false);
  const bytes = Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0);
  expect(bytes).toBeLessThan(bundleBytesMax);
});

test("loads neither the S3 nor the SQS client before they are needed", async () => {
  const { outputs } = await bundle(true);
  const inputs = new Set<string>();
  const visited = new Set<string>();
  const visit = (path: string): void => {
    if (visited.has(path)) return;
    visited.add(path);
    for (const input of Object.keys(outputs[path]?.inputs ?? {})) inputs.add(input);
    for (const { path: next, kind } of outputs[path]?.imports ?? []) if (kind === "import-statement") visit(next);
  };
  for (const [path, output] of Object.entries(outputs)) if (output.entryPoint === "<stdin>") visit(path);
  const loads = (name: string): boolean => [...inputs].some((input) => input.includes(`/@aws-sdk/${name}/`));
  expect(loads("client-dynamodb")).toBe(true);
  expect(loads("client-s3")).toBe(false);
  expect(loads("client-sqs")).toBe(false);
});
