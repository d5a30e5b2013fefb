import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** Bytes on the disk of all files below a folder; files that vanish meanwhile count as nothing. */
export async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(names.map((name) => fileBytes(join(folder, name))));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** A block that `stat` counts in. */
const blockBytes = 512;

async function fileBytes(path: string): Promise<number> {
  try {
    const { blocks } = await stat(path);
    return blocks * blockBytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
