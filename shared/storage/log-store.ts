/**
 * The one primitive: an append-only chain of entries, arbitrated by a put-if-absent at a position.
 *
 * The shapes here are what one DynamoDB item can hold and one DynamoDB request can do; no adapter may offer more.
 */

declare const logIdBrand: unique symbol;
/** Names one log, for example `partition:<topicId>:<n>`. Built only in `shared/log/log-id.ts`. */
export type LogId = string & { readonly [logIdBrand]: true };

/** Where an entry's payload is: in the entry itself, or in one blob. */
export type Payload =
  | { readonly kind: "inline"; readonly bytes: Uint8Array }
  | { readonly kind: "blob"; readonly key: string; readonly lengthBytes: number };

/** One link of a log's chain. It owns the positions `position` to `next - 1`. */
export interface LogEntry {
  readonly logId: LogId;
  /** First position of the entry; the first entry of a log is at 0. */
  readonly position: number;
  /** Position of the entry after this one; always greater than `position`. */
  readonly next: number;
  /** Random id of the attempt that wrote the entry: how a writer recognises its own success. */
  readonly attempt: string;
  /** Wall clock of the writer, ms since the epoch. Never used to decide an order. */
  readonly appendedAtMs: number;
  /** Whatever the owner of the log keeps about the entry, encoded by the owner. */
  readonly meta: Uint8Array;
  readonly payload: Payload;
  /** From here on a store may drop the entry, in any order, late or never. Absent: only `trim` removes it. */
  readonly expiresAtMs?: number;
}

export type PutIfAbsentResult =
  | { readonly won: true }
  /** `existing` is the entry that stands at the position; absent where the store cannot tell (or it vanished meanwhile). */
  | { readonly won: false; readonly existing?: LogEntry };

/** Bounds of one range read; whichever is reached first ends it. At least one entry is returned if there is one. */
export interface ReadLimits {
  readonly entriesMax: number;
  /** Sum of inline payload and meta bytes. */
  readonly bytesMax: number;
}

export interface LogRange {
  /** Ascending by position. Read-committed entry by entry, so it may have gaps: see `contiguousFrom`. */
  readonly entries: readonly LogEntry[];
  /** True when a limit ended the read before the end of the log. */
  readonly more: boolean;
}

/**
 * Storage for logs. Every read is strongly consistent: it sees each entry whose put was answered before the read began.
 *
 * @throws StorageTimeoutError the outcome is unknown (a put may still apply later)
 * @throws StorageThrottledError not applied; try again later
 * @throws StorageUnavailableError not applied, or nothing was read
 */
export interface LogStore {
  /**
   * Puts the entry if its position is free. One request, durable before it answers.
   *
   * @param maySend asked each time right before the request leaves the process: a client that repeats it by itself, or a
   *   process that was frozen meanwhile, must not send what was decided long ago. If it says no: StorageUnavailableError,
   *   or StorageTimeoutError if the request had left before.
   */
  putIfAbsent(entry: LogEntry, maySend?: () => boolean): Promise<PutIfAbsentResult>;
  /** Entries at or after `position`. One request, up to `limits`. */
  readFrom(logId: LogId, position: number, limits: ReadLimits): Promise<LogRange>;
  /** The entry with the greatest position. One request. */
  readLast(logId: LogId): Promise<LogEntry | undefined>;
  /** The entry with the greatest position that is not after `position`; the caller checks `next`. One request. */
  readAt(logId: LogId, position: number): Promise<LogEntry | undefined>;
  /** Deletes up to `entriesMax` entries before `position`, lowest first; answers how many it deleted. */
  trim(logId: LogId, position: number, entriesMax: number): Promise<number>;
}
