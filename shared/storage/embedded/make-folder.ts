import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "./disk-errors.ts";

/**
 * Makes a folder, and those above it, where they are not there. Node's own way tries for ever in a place such as `/proc`, and
 * says of a file system that cannot be written that there is no such file.
 *
 * @throws Error of the operating system, with its code
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeOne(path);
  } catch (cause) {
    const above = dirname(path);
    if (codeOf(cause) !== "ENOENT" || above === path) throw cause;
    await makeFolder(above);
    await makeOne(path);
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (cause) {
    if (!(await isFolder(path))) throw cause;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
