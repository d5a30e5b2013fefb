/** A copy of the tracked sources in a temporary folder, to which a patch can be applied. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const outputBytesMax = 16_000_000;

const repositoryFolder = join(import.meta.dirname, "../..");
const patchesPath = "test/planted";
export const patchesFolder = join(repositoryFolder, patchesPath);

export class SourceCopy {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** As the files are now, with changes that are not committed; `node_modules` is a link to that of the repository. */
  static async make(): Promise<SourceCopy> {
    const folder = await mkdtemp(join(tmpdir(), "planted-"));
    const paths = await trackedFiles();
    for (const parent of new Set(paths.map((path) => dirname(path)))) {
      await mkdir(join(folder, parent), { recursive: true });
    }
    await Promise.all(paths.map((path) => copyFile(join(repositoryFolder, path), join(folder, path))));
    await symlink(join(repositoryFolder, "node_modules"), join(folder, "node_modules"));
    return new SourceCopy(folder);
  }

  /** @throws Error if it does not apply */
  async apply(patch: string): Promise<void> {
    await applyPatch(this.folder, patch, []);
  }

  /** Takes a patch back that was applied. */
  async revert(patch: string): Promise<void> {
    await applyPatch(this.folder, patch, ["--reverse"]);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** @throws Error if the patch would not apply to the sources as they are */
export async function checkPatch(patch: string): Promise<void> {
  await applyPatch(repositoryFolder, patch, ["--check"]);
}

async function applyPatch(folder: string, patch: string, options: readonly string[]): Promise<void> {
  // A copy is no repository, and must not be taken for a part of one that its folder may lie in.
  const env = { ...process.env, GIT_CEILING_DIRECTORIES: dirname(folder) };
  await run("git", ["apply", ...options, join(patchesPath, patch)], { cwd: folder, env });
}

async function trackedFiles(): Promise<readonly string[]> {
  const { stdout } = await run("git", ["ls-files", "-z"], { cwd: repositoryFolder, maxBuffer: outputBytesMax });
  return stdout.split("\0").filter((path) => path !== "");
}
