/**
 * How blobs lie in their folder: the key's parts but the last are folders, with a `+` behind the name, which no key
 * holds; so the blobs `a` and `a/b` can both be there.
 *
 *     hot/T1/0/x.log  ──►  hot+/T1+/0+/x.log
 */
import { rmdirSync } from "node:fs";
import { mkdir, open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { blobFoldersKnownMax } from "../../limits.ts";
import { codeOf } from "./disk-errors.ts";

const folderMark = "+";

export class BlobFolder {
  readonly root: string;
  /** Folders that are durable. */
  readonly #known = new Set<string>();
  /** Folders in which, or below which, a file is being created, and how many. */
  readonly #entered = new Map<string, number>();

  constructor(root: string) {
    this.root = root;
  }

  /** The file of a key that was checked. */
  path(key: string): string {
    const parts = key.split("/");
    const name = parts.pop() ?? "";
    return join(this.root, ...parts.map((part) => part + folderMark), name);
  }

  /**
   * Makes the folder of a file durable and lets `create` make the file, while the folder cannot be deleted as empty.
   */
  async createFile<T>(folder: string, create: () => Promise<T>): Promise<T> {
    this.#count(folder, 1);
    try {
      await this.#createFolder(folder);
      return await create();
    } catch (cause) {
      // It may be that somebody else has deleted it: look again the next time.
      for (const above of this.#upwards(folder)) this.#known.delete(above);
      throw cause;
    } finally {
      this.#count(folder, -1);
    }
  }

  /** Deletes the folder if it is empty, and those above it. */
  removeEmpty(folder: string): void {
    for (const above of this.#upwards(folder)) {
      if (above === this.root || this.#entered.has(above)) return;
      this.#known.delete(above);
      try {
        // At once: between the look at who is entering and the deletion nobody can enter.
        rmdirSync(above);
      } catch {
        // Not empty, or gone: then nothing is to be done, and whatever else it is costs an empty folder.
        return;
      }
    }
  }

  /** Keys that start with `prefix` and come after `after`, ascending, up to `count`. */
  async keys(prefix: string, after: string | undefined, count: number): Promise<string[]> {
    const found: string[] = [];
    await this.#walk(this.root, "", { prefix, after, count, found });
    return found;
  }

  async #createFolder(folder: string): Promise<void> {
    if (this.#known.has(folder)) return;
    const above = dirname(folder);
    if (folder !== this.root) await this.#createFolder(above);
    await mkdir(folder, { recursive: true });
    // Also where the folder was there: another caller may have made it, and not have synced it yet.
    await syncFolder(above);
    if (this.#known.size >= blobFoldersKnownMax) this.#known.clear();
    this.#known.add(folder);
  }

  #count(folder: string, change: 1 | -1): void {
    for (const above of this.#upwards(folder)) {
      const count = (this.#entered.get(above) ?? 0) + change;
      if (count === 0) this.#entered.delete(above);
      else this.#entered.set(above, count);
    }
  }

  /** The folder and those above it, to the root. */
  #upwards(folder: string): string[] {
    const folders = [folder];
    for (let above = folder; above !== this.root; folders.push(above)) above = dirname(above);
    return folders;
  }

  async #walk(folder: string, start: string, search: Search): Promise<void> {
    for (const part of await readParts(folder)) {
      if (search.found.length >= search.count) return;
      const key = start + part;
      if (!part.endsWith("/")) {
        if (key.startsWith(search.prefix) && (search.after === undefined || key > search.after)) search.found.push(key);
      } else if (mayHold(key, search)) {
        await this.#walk(join(folder, part.slice(0, -1) + folderMark), key, search);
      }
    }
  }
}

interface Search {
  readonly prefix: string;
  readonly after: string | undefined;
  readonly count: number;
  readonly found: string[];
}

/** Whether keys that start with `start`, which ends in a slash, can be among those searched for. */
function mayHold(start: string, { prefix, after }: Search): boolean {
  if (!start.startsWith(prefix) && !prefix.startsWith(start)) return false;
  return after === undefined || start > after || after.startsWith(start);
}

/** What a folder holds, folders with a slash behind the name, in the order of their keys. */
async function readParts(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .flatMap((entry) => {
        if (entry.isFile()) return [entry.name];
        return entry.isDirectory() && entry.name.endsWith(folderMark) ? [`${entry.name.slice(0, -1)}/`] : [];
      })
      .toSorted();
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return [];
    throw cause;
  }
}

/** Makes what was created or deleted in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
