import type { BlobPage, BlobRange } from "../blob-store.ts";
import { StorageCorruptError } from "../errors.ts";
import { checkBlobKey, checkBlobKeys, checkBlobPrefix, checkBlobRange, checkListLimit } from "../port-bounds.ts";

interface StoredBlob {
  readonly bytes: Uint8Array;
  readonly modifiedAtMs: number;
}

/** All blobs; every method is one atomic step. */
export class MemoryBlobs {
  readonly #blobs = new Map<string, StoredBlob>();
  readonly #wallMs: () => number;
  #sortedKeys: readonly string[] | undefined;

  constructor(wallMs: () => number) {
    this.#wallMs = wallMs;
  }

  /**
   * Stores a blob. The same blob may be put again, as after an unclear answer.
   *
   * @throws StorageCorruptError if another blob has the key
   */
  put(key: string, bytes: Uint8Array): void {
    checkBlobKey(key);
    const existing = this.#blobs.get(key);
    if (existing !== undefined) {
      if (Buffer.compare(existing.bytes, bytes) === 0) return;
      throw new StorageCorruptError(`blob ${key} was put before, with other bytes`);
    }
    this.#blobs.set(key, { bytes, modifiedAtMs: this.#wallMs() });
    this.#sortedKeys = undefined;
  }

  get(key: string, range?: BlobRange): Uint8Array | undefined {
    checkBlobKey(key);
    if (range !== undefined) checkBlobRange(range);
    return this.#blobs.get(key)?.bytes.slice(range?.start, range?.end);
  }

  delete(keys: readonly string[]): void {
    checkBlobKeys(keys);
    for (const key of keys) this.#blobs.delete(key);
    this.#sortedKeys = undefined;
  }

  list(prefix: string, options: { readonly after?: string; readonly limit: number }): BlobPage {
    checkBlobPrefix(prefix);
    checkListLimit(options.limit);
    const { after, limit } = options;
    // Keys are ASCII, whose order is the same in UTF-16 and in UTF-8.
    this.#sortedKeys ??= [...this.#blobs.keys()].toSorted();
    const keys = this.#sortedKeys.filter((key) => key.startsWith(prefix) && (after === undefined || key > after));
    const blobs = keys.slice(0, limit).flatMap((key) => {
      const blob = this.#blobs.get(key);
      return blob === undefined ? [] : [{ key, sizeBytes: blob.bytes.length, modifiedAtMs: blob.modifiedAtMs }];
    });
    const last = blobs.at(-1);
    return keys.length > blobs.length && last !== undefined ? { blobs, next: last.key } : { blobs };
  }
}

/** The chunks in one array of their own. */
export function joinChunks(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
