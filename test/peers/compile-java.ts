import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { output } from "./java-peer.ts";

/**
 * The folder of the classes of all sources in `folder`, compiled once for what they and the libraries are.
 *
 * @param libraries as `fetchDependencies` gives them
 * @throws Error with what the compiler wrote
 */
export function compileJava(folder: string, libraries: string): string {
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".java"))
    .toSorted()
    .map((name) => join(folder, name));
  const hash = createHash("sha256").update(libraries);
  for (const source of sources) hash.update(readFileSync(source));
  const target = join(dirname(dirname(libraries)), `classes-${hash.digest("hex").slice(0, 16)}`);
  if (!existsSync(target)) {
    const partial = `${target}.${process.pid}`;
    mkdirSync(partial, { recursive: true });
    try {
      output("javac", ["-nowarn", "-d", partial, "-cp", libraries, ...sources], { cwd: folder });
      renameSync(partial, target);
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  return target;
}
