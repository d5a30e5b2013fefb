import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

/** Files that git knows or would add, by their path from the root of the repository. */
export function repositoryFiles(): string[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  return [...new Set(listed.split("\0"))].filter((path) => path !== "" && existsSync(join(root, path))).toSorted();
}

/** Text of a file of the repository. */
export function readRepositoryFile(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The repository's own TypeScript and JavaScript, by path. */
export function repositorySources(): Map<string, string> {
  const paths = repositoryFiles().filter((path) => /\.[cm]?[jt]s$/.test(path));
  return new Map(paths.map((path) => [path, readRepositoryFile(path)]));
}
