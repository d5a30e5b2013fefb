import type { LogEntry, LogId, LogRange, ReadLimits } from "../log-store.ts";
import { checkEntry } from "../port-bounds.ts";

/** When the store drops what expires at `expiresAtMs`, in ms of the store's wall clock; Infinity for never. */
export type DropTime = (expiresAtMs: number) => number;

interface StoredEntry {
  readonly entry: LogEntry;
  readonly dropAtMs: number;
}

/** Ascending by position. */
interface StoredLog {
  entries: StoredEntry[];
  /** No entry is dropped before. */
  dropAtMs: number;
}

/** The entries of all logs; every method is one atomic step. */
export class MemoryLogs {
  readonly #logs = new Map<LogId, StoredLog>();
  readonly #wallMs: () => number;
  readonly #dropTime: DropTime;

  constructor(wallMs: () => number, dropTime: DropTime) {
    this.#wallMs = wallMs;
    this.#dropTime = dropTime;
  }

  /** Puts the entry; answers the one that stands there if the position is taken. */
  put(entry: LogEntry): LogEntry | undefined {
    checkEntry(entry);
    const log = this.#live(entry.logId) ?? this.#create(entry.logId);
    const index = firstAtOrAfter(log.entries, entry.position);
    const existing = log.entries[index];
    if (existing?.entry.position === entry.position) return copyEntry(existing.entry);
    const dropAtMs = entry.expiresAtMs === undefined ? Number.POSITIVE_INFINITY : this.#dropTime(entry.expiresAtMs);
    log.entries.splice(index, 0, { entry: copyEntry(entry), dropAtMs });
    log.dropAtMs = Math.min(log.dropAtMs, dropAtMs);
    return undefined;
  }

  /** Up to `count` entries at or after `position`, as they are stored: not to be handed out, see `withinLimits`. */
  from(logId: LogId, position: number, count: number): readonly LogEntry[] {
    const entries = this.#live(logId)?.entries ?? [];
    const index = firstAtOrAfter(entries, position);
    return entries.slice(index, index + count).map((stored) => stored.entry);
  }

  last(logId: LogId): LogEntry | undefined {
    const stored = this.#live(logId)?.entries.at(-1);
    return stored === undefined ? undefined : copyEntry(stored.entry);
  }

  at(logId: LogId, position: number): LogEntry | undefined {
    const entries = this.#live(logId)?.entries ?? [];
    const stored = entries[firstAtOrAfter(entries, position + 1) - 1];
    return stored === undefined ? undefined : copyEntry(stored.entry);
  }

  /** Deletes up to `entriesMax` entries that end at or before `position`; answers how many. */
  trim(logId: LogId, position: number, entriesMax: number): number {
    const entries = this.#live(logId)?.entries ?? [];
    let count = 0;
    for (const { entry } of entries) {
      if (count >= entriesMax || entry.next > position) break;
      count += 1;
    }
    entries.splice(0, count);
    return count;
  }

  #create(logId: LogId): StoredLog {
    const log: StoredLog = { entries: [], dropAtMs: Number.POSITIVE_INFINITY };
    this.#logs.set(logId, log);
    return log;
  }

  #live(logId: LogId): StoredLog | undefined {
    const log = this.#logs.get(logId);
    const nowMs = this.#wallMs();
    if (log === undefined || log.dropAtMs > nowMs) return log;
    log.entries = log.entries.filter((stored) => stored.dropAtMs > nowMs);
    log.dropAtMs = log.entries.reduce((min, stored) => Math.min(min, stored.dropAtMs), Number.POSITIVE_INFINITY);
    return log;
  }
}

/** What a range read answers of the entries that it found, with copies of them. */
export function withinLimits(entries: readonly LogEntry[], limits: ReadLimits): LogRange {
  let bytes = 0;
  const taken: LogEntry[] = [];
  for (const entry of entries) {
    bytes += entry.meta.length + (entry.payload.kind === "inline" ? entry.payload.bytes.length : 0);
    if (taken.length > 0 && (taken.length >= limits.entriesMax || bytes > limits.bytesMax)) break;
    taken.push(copyEntry(entry));
  }
  return { entries: taken, more: taken.length < entries.length };
}

/** A copy that shares no bytes with `entry`, and keeps only what the port names. */
export function copyEntry(entry: LogEntry): LogEntry {
  const { logId, position, next, attempt, appendedAtMs, payload, expiresAtMs } = entry;
  const copy = {
    logId,
    position,
    next,
    attempt,
    appendedAtMs,
    meta: new Uint8Array(entry.meta),
    payload:
      payload.kind === "inline"
        ? ({ kind: "inline", bytes: new Uint8Array(payload.bytes) } as const)
        : ({ kind: "blob", key: payload.key, lengthBytes: payload.lengthBytes } as const),
  };
  return expiresAtMs === undefined ? copy : { ...copy, expiresAtMs };
}

function firstAtOrAfter(entries: readonly StoredEntry[], position: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.entry.position ?? position) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}
