import { trimBatchEntriesMax } from "../../limits.ts";
import { StorageCorruptError, StorageUnavailableError } from "../errors.ts";
import type { LogEntry, LogId, LogRange, LogStore, PutIfAbsentResult, ReadLimits } from "../log-store.ts";
import { checkEntry } from "../port-bounds.ts";
import type { CommitQueue } from "./commit-queue.ts";
import { diskFailure } from "./disk-errors.ts";
import { afterEntries, beforeEntries, entryKey, positionOf } from "./embedded-keys.ts";
import { decodeEntry, encodeEntry } from "./entry-codec.ts";
import type { LayeredTable } from "./layered-table.ts";

/** Bytes of a commit that one deletion stands for: a page of LMDB's tree. */
const deletionBytes = 4_096;

/** Logs in a table of LMDB and its write-ahead log. */
export class EmbeddedLogStore implements LogStore {
  readonly #table: LayeredTable;
  readonly #commits: CommitQueue;

  constructor(table: LayeredTable, commits: CommitQueue) {
    this.#table = table;
    this.#commits = commits;
  }

  async putIfAbsent(entry: LogEntry, maySend?: () => boolean): Promise<PutIfAbsentResult> {
    checkEntry(entry);
    const key = entryKey(entry.logId, entry.position);
    const value = encodeEntry(key, entry);
    return await this.#commits.run(value.length, (): PutIfAbsentResult => {
      // Inside of the transaction: nothing comes between this look at the clock and the commit's place in the order.
      if (maySend?.() === false) throw new StorageUnavailableError(`${entry.logId}: what the put rests on is too old`);
      const found = this.#read(`reading ${entry.logId}`, () => this.#table.get(key));
      if (found !== undefined) return { won: false, existing: decodeEntry(entry.logId, entry.position, key, found) };
      this.#table.put(key, value);
      return { won: true };
    });
  }

  async readFrom(logId: LogId, position: number, limits: ReadLimits): Promise<LogRange> {
    return this.#read(`reading ${logId}`, () => {
      const entries: LogEntry[] = [];
      let bytes = 0;
      const range = { start: entryKey(logId, position), end: afterEntries(logId) };
      for (const { key, value } of this.#table.range(range)) {
        if (entries.length > 0 && entries.length >= limits.entriesMax) return { entries, more: true };
        const entry = decodeEntry(logId, positionOf(key), key, value);
        bytes += entry.meta.length + (entry.payload.kind === "inline" ? entry.payload.bytes.length : 0);
        if (entries.length > 0 && bytes > limits.bytesMax) return { entries, more: true };
        entries.push(entry);
      }
      return { entries, more: false };
    });
  }

  async readLast(logId: LogId): Promise<LogEntry | undefined> {
    return this.#lastBefore(logId, afterEntries(logId));
  }

  async readAt(logId: LogId, position: number): Promise<LogEntry | undefined> {
    return this.#lastBefore(logId, entryKey(logId, position));
  }

  async trim(logId: LogId, position: number, entriesMax: number): Promise<number> {
    let deleted = 0;
    while (deleted < entriesMax) {
      const count = Math.min(entriesMax - deleted, trimBatchEntriesMax);
      const step = await this.#commits.run(count * deletionBytes, () =>
        this.#read(`trimming ${logId}`, () => this.#trimSome(logId, position, count)),
      );
      deleted += step;
      if (step < count) break;
    }
    return deleted;
  }

  /**
   * Deletes up to `count` entries that end at or before `position`. Each ends where the next one begins or before it
   * (invariant 1), so only the last one that is found may reach beyond.
   */
  #trimSome(logId: LogId, position: number, count: number): number {
    const keys: Uint8Array[] = [];
    for (const key of this.#table.keys({ start: beforeEntries(logId), end: entryKey(logId, position) }))
      if (keys.push(key) >= count) break;
    const last = keys.at(-1);
    const value = last === undefined ? undefined : this.#table.get(last);
    if (last !== undefined && value !== undefined && decodeEntry(logId, positionOf(last), last, value).next > position)
      keys.pop();
    for (const key of keys) this.#table.remove(key);
    return keys.length;
  }

  /** The last entry whose key is not after `key`. */
  #lastBefore(logId: LogId, key: Uint8Array): LogEntry | undefined {
    return this.#read(`reading ${logId}`, () => {
      for (const found of this.#table.range({ start: key, end: beforeEntries(logId), reverse: true }))
        return decodeEntry(logId, positionOf(found.key), found.key, found.value);
      return undefined;
    });
  }

  #read<T>(what: string, read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (cause instanceof StorageCorruptError || cause instanceof RangeError) throw cause;
      throw diskFailure(what, cause);
    }
  }
}
