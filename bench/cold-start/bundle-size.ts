import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

export interface BundleSize {
  readonly bundleBytes: number;
  /** What a cold start parses: `index.mjs` and all that it imports statically. */
  readonly eagerBytes: number;
}

/** Measures the bundle in a folder, whose files are minified ES modules. */
export async function bundleSize(folder: string): Promise<BundleSize> {
  const texts = new Map<string, string>();
  for (const name of await readdir(folder)) texts.set(name, await readFile(join(folder, name), "utf8"));
  const eager = new Set(["index.mjs"]);
  // What is added is looked through as well.
  for (const name of eager) for (const imported of staticImports(texts.get(name) ?? "")) eager.add(imported);
  const bytesOf = (names: Iterable<string>): number =>
    [...names].reduce((sum, name) => sum + Buffer.byteLength(texts.get(name) ?? ""), 0);
  return { bundleBytes: bytesOf(texts.keys()), eagerBytes: bytesOf(eager) };
}

function staticImports(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom|\bimport)"\.\/([^"]+)"/g)].map(([, name = ""]) => name);
}
