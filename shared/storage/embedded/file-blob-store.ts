import { type FileHandle, open, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { blobPutsWaitingMax, blobWritesAtOnceMax } from "../../limits.ts";
import { blobForcedBytes } from "../../limits/embedded-store.ts";
import type { BlobInfo, BlobPage, BlobRange, BlobStore } from "../blob-store.ts";
import { StorageCorruptError, StorageThrottledError, StorageUnavailableError } from "../errors.ts";
import { checkBlobKey, checkBlobKeys, checkBlobPrefix, checkBlobRange, checkListLimit } from "../port-bounds.ts";
import { type BlobFolder, syncFolder } from "./blob-folder.ts";
import { codeOf, diskFailure } from "./disk-errors.ts";
import { Slots } from "./slots.ts";

/**
 * Blobs as files, written to their final name: until `put` answers nothing refers to them, so what a crash leaves half
 * written is garbage like any other.
 */
export class FileBlobStore implements BlobStore {
  readonly #folder: BlobFolder;
  readonly #slots = new Slots(blobWritesAtOnceMax, blobPutsWaitingMax);
  #closed = false;

  constructor(folder: BlobFolder) {
    this.#folder = folder;
  }

  async put(key: string, chunks: readonly Uint8Array[]): Promise<void> {
    checkBlobKey(key);
    await this.#do(`putting ${key}`, async () => {
      if (!(await this.#slots.take())) throw new StorageThrottledError("too many blobs wait for the disk");
      try {
        await this.#write(key, chunks);
      } finally {
        this.#slots.release();
      }
    });
  }

  async get(key: string, range?: BlobRange): Promise<Uint8Array | undefined> {
    checkBlobKey(key);
    if (range !== undefined) checkBlobRange(range);
    return await this.#do(`reading ${key}`, async () => {
      const file = await openIfThere(this.#folder.path(key));
      if (file === undefined) return undefined;
      try {
        const { size } = await file.stat();
        const start = Math.min(range?.start ?? 0, size);
        return await readBytes(file, start, Math.min(range?.end ?? size, size) - start);
      } finally {
        await file.close();
      }
    });
  }

  async delete(keys: readonly string[]): Promise<void> {
    checkBlobKeys(keys);
    await this.#do("deleting blobs", async () => {
      const folders = new Set<string>();
      for (const key of keys) {
        const path = this.#folder.path(key);
        if (await unlinkIfThere(path)) folders.add(dirname(path));
      }
      for (const folder of folders) this.#folder.removeEmpty(folder);
    });
  }

  async list(prefix: string, options: { readonly after?: string; readonly limit: number }): Promise<BlobPage> {
    checkBlobPrefix(prefix);
    checkListLimit(options.limit);
    return await this.#do(`listing ${prefix}`, async () => {
      const keys = await this.#folder.keys(prefix, options.after, options.limit + 1);
      const page = keys.slice(0, options.limit);
      const blobs: BlobInfo[] = [];
      for (const key of page) {
        const info = await statIfThere(this.#folder.path(key));
        if (info !== undefined) blobs.push({ key, sizeBytes: info.size, modifiedAtMs: Math.floor(info.mtimeMs) });
      }
      const next = page.at(-1);
      return keys.length > page.length && next !== undefined ? { blobs, next } : { blobs };
    });
  }

  /** Takes no more, and ends when all puts are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#slots.idle();
  }

  async #do<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new StorageUnavailableError("the store is closed");
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof StorageCorruptError || cause instanceof StorageThrottledError) throw cause;
      throw diskFailure(what, cause);
    }
  }

  async #write(key: string, chunks: readonly Uint8Array[]): Promise<void> {
    const path = this.#folder.path(key);
    const file = await this.#create(key, path);
    try {
      try {
        await writeChunks(file, chunks);
        await file.datasync();
      } finally {
        await file.close();
      }
      await syncFolder(dirname(path));
    } catch (cause) {
      // So that the same key can be put again once there is room.
      await unlinkIfThere(path).catch(() => false);
      throw cause;
    }
  }

  async #create(key: string, path: string): Promise<FileHandle> {
    try {
      return await this.#folder.createFile(dirname(path), () => open(path, "wx"));
    } catch (cause) {
      if (codeOf(cause) === "EEXIST") throw new StorageCorruptError(`blob ${key} was put before`, { cause });
      throw cause;
    }
  }
}

async function writeChunks(file: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  let part: Uint8Array[] = [];
  let bytes = 0;
  const write = async (): Promise<void> => {
    const { bytesWritten } = await file.writev(part);
    // A disk that fills up takes the part that fits, and refuses only what comes after it.
    if (bytesWritten !== bytes) throw new StorageUnavailableError(`the disk took ${bytesWritten} of ${bytes} bytes`);
    part = [];
    bytes = 0;
  };
  for (const chunk of chunks) {
    if (chunk.length === 0) continue;
    part.push(chunk);
    bytes += chunk.length;
    if (bytes < blobForcedBytes) continue;
    await write();
    await file.datasync();
  }
  if (part.length > 0) await write();
}

async function readBytes(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, start + read);
    if (bytesRead === 0) throw new StorageUnavailableError("the file ended early");
    read += bytesRead;
  }
  return bytes;
}

/** A file, or a key's parent that is a folder of another key, is no blob. */
async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return await unlessMissing(open(path, "r"));
}

async function unlinkIfThere(path: string): Promise<boolean> {
  return (await unlessMissing(unlink(path).then(() => true))) === true;
}

async function statIfThere(path: string): Promise<{ readonly size: number; readonly mtimeMs: number } | undefined> {
  return await unlessMissing(stat(path));
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw cause;
  }
}
