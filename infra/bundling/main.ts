/**
 * Bundles all functions and prints the folder: `<folder>/<function>/index.mjs` and what that imports. A process of its own,
 * because esbuild's plugins need time and CDK's bundling does not wait.
 *
 * | run                | what                                                   | files                              |
 * |--------------------|--------------------------------------------------------|------------------------------------|
 * | one for a function | the function and, in chunks, our modules it loads later | `index.mjs`, chunks                |
 * | one for all        | the packages that functions load later                 | `later-*.mjs`, chunks they share   |
 *
 * Packages are kept apart because esbuild puts what two parts of one run share into one chunk, whole files at a time, and
 * with a package's index file all that either part uses of it: each function would parse half of the S3 client before its
 * first request. Our own modules must not be in two copies: an error of one would be no `instanceof` the other's class.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { BundleCache, type Bundles } from "./cache.ts";
import { laterModules, withoutLater, withStandIns } from "./plugins.ts";

const repositoryRoot = fileURLToPath(new URL("../../", import.meta.url));

/** The AWS SDK is bundled like everything else: the one in Lambda's runtime is neither pinned nor as quick to import. */
const common = {
  absWorkingDir: repositoryRoot,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  outdir: repositoryRoot,
  outExtension: { ".js": ".mjs" },
  minify: true,
  splitting: true,
  write: false,
  metafile: true,
  // The packages' ES modules: tree-shaken, they make a bundle a fifth smaller than their CommonJS builds do.
  mainFields: ["module", "main"],
  logLevel: "warning",
  // The parts of zod that a stand-in has not are never called.
  logOverride: { "import-is-undefined": "silent" },
} as const satisfies BuildOptions;

/** Text by file name. */
type Files = ReadonlyMap<string, string>;

/** The files of `functions/` that are Lambda functions. */
const functionNames = readdirSync(join(repositoryRoot, "functions"))
  .filter((file) => file.endsWith(".ts"))
  .filter((file) => readFileSync(join(repositoryRoot, "functions", file), "utf8").includes("\nexport const handler"))
  .map((file) => basename(file, ".ts"));

const inputs = new Set<string>();

async function bundle(chosen: Pick<BuildOptions, "entryPoints" | "plugins">): Promise<Files> {
  const options: typeof common & typeof chosen = { ...common, ...chosen };
  const { outputFiles, metafile } = await build(options);
  for (const path of Object.keys(metafile.inputs)) inputs.add(join(repositoryRoot, path));
  return new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
}

async function bundleAll(): Promise<Bundles> {
  const plugins = [withStandIns, withoutLater];
  const functions = await Promise.all(
    functionNames.map(async (name) => {
      const entryPoints = { index: `functions/${name}.ts` };
      return [name, await bundle({ entryPoints, plugins })] as const;
    }),
  );
  const apart = await bundle({ entryPoints: laterModules(repositoryRoot), plugins: [withStandIns] });
  return new Map(functions.map(([name, files]) => [name, withImported(files, apart)]));
}

/** Adds those of `others` that the files import, and what those import in turn. */
function withImported(files: Files, others: Files): Files {
  const all = new Map(files);
  // What is added is looked through as well.
  for (const text of all.values()) {
    for (const [name, content] of others) if (text.includes(`"./${name}"`)) all.set(name, content);
  }
  return all;
}

/** What decides how functions are bundled, beside what is in them. */
function bundlerFiles(): string[] {
  const here = import.meta.dirname;
  const own = readdirSync(here).filter((name) => name.endsWith(".ts"));
  const others = ["node_modules/esbuild/package.json"];
  return [...own.map((name) => join(here, name)), ...others.map((path) => join(repositoryRoot, path))];
}

// By the folder that they are made in, too: several work trees may share one `node_modules`.
const place = createHash("sha256")
  .update([repositoryRoot, ...functionNames].join("\n"))
  .digest("hex")
  .slice(0, 16);
const cache = new BundleCache(join(repositoryRoot, "node_modules/.cache/streamkeeper-bundles", place));
const found = await cache.find();
const folder = found ?? (await cache.keep(await bundleAll(), [...inputs, ...bundlerFiles()]));
process.stdout.write(`${folder}\n`);
