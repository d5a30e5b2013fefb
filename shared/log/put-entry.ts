/**
 * One conditional put, with its unclear answers cleared up where that is possible (invariant 5).
 *
 *     put ── won ───────────────────────────────────────────► appended
 *      │└─── lost to an entry with our attempt id ──────────► appended   (an answer was lost, or the SDK retried)
 *      │└─── lost to another entry ─────────────────────────► lost
 *      └──── time-out: the put may apply now, later or never
 *               └─ put the very same entry again, bounded ──► as above
 *                     └─ still no answer ───────────────────► unknown
 *
 * A put again is the best probe there is: once it is answered, the position is taken, by us or by another.
 *
 * Model: `models/shared-log/SharedLog.tla`.
 */
import { throttledBackoffMsMax, throttledBackoffMsMin } from "../limits/contention.ts";
import { ambiguityProbesMax, appendBackoffMsMax, appendBackoffMsMin } from "../limits.ts";
import { StorageThrottledError, StorageTimeoutError, StorageUnavailableError } from "../storage/errors.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { type Instant, instantOf, isFresh } from "./evidence.ts";

export type PutOutcome =
  | { readonly kind: "appended" }
  /** `existing` stands there; absent where the store could not tell. */
  | { readonly kind: "lost"; readonly existing?: LogEntry }
  /** The proof of the tail is too old, and nothing was put. */
  | { readonly kind: "stale" }
  /** The entry may be there, or may come to be there. */
  | { readonly kind: "unknown"; readonly cause: unknown }
  /** The store refused; nothing was put. */
  | { readonly kind: "refused"; readonly cause: unknown };

export async function putEntry(storage: Storage, entry: LogEntry, evidence: Instant): Promise<PutOutcome> {
  const isProven = (): boolean => isFresh(evidence, instantOf(storage.clock), storage.lifetimes.tailEvidenceMsMax);
  let unclear: unknown;
  let throttled = 0;
  for (let probe = 0; probe <= ambiguityProbesMax; probe += 1) {
    if (!isProven()) {
      if (unclear === undefined) return { kind: "stale" };
      return await readBack(storage, entry, unclear);
    }
    try {
      const result = await storage.logs.putIfAbsent(entry, isProven);
      if (result.won) return { kind: "appended" };
      if (result.existing === undefined) return await readBack(storage, entry, unclear);
      return outcomeOf(result.existing, entry);
    } catch (cause) {
      if (cause instanceof StorageTimeoutError) unclear = cause;
      else if (!isRefusal(cause)) return { kind: "unknown", cause };
      else if (unclear === undefined && probe === ambiguityProbesMax) return { kind: "refused", cause };
      if (cause instanceof StorageThrottledError) throttled += 1;
    }
    await storage.timers.sleep(throttled > 0 ? throttledBackoffMs(storage, throttled - 1) : backoffMs(storage, probe));
  }
  return { kind: "unknown", cause: unclear };
}

/** Full jitter between nothing and a bound that doubles, so that losers of a race do not meet again. */
export function backoffMs(storage: Storage, attempt: number): number {
  const ceilingMs = Math.min(appendBackoffMsMax, appendBackoffMsMin * 2 ** attempt);
  return (storage.random.uint32() / 0x1_0000_0000) * ceilingMs;
}

/** A store that is overloaded recovers in seconds, if it is let. */
function throttledBackoffMs(storage: Storage, attempt: number): number {
  const ceilingMs = Math.min(throttledBackoffMsMax, throttledBackoffMsMin * 2 ** attempt);
  return (storage.random.uint32() / 0x1_0000_0000) * ceilingMs;
}

function isRefusal(cause: unknown): boolean {
  return cause instanceof StorageThrottledError || cause instanceof StorageUnavailableError;
}

function outcomeOf(existing: LogEntry, entry: LogEntry): PutOutcome {
  return existing.attempt === entry.attempt ? { kind: "appended" } : { kind: "lost", existing };
}

/**
 * Looks who holds the position. One that is empty proves nothing: an unclear put may still be under way, and what a put
 * lost to may have expired since, were it our own entry.
 */
async function readBack(storage: Storage, entry: LogEntry, unclear: unknown): Promise<PutOutcome> {
  try {
    const found = await storage.logs.readAt(entry.logId, entry.position);
    if (found !== undefined && found.position === entry.position) return outcomeOf(found, entry);
  } catch (cause) {
    return { kind: "unknown", cause: unclear ?? cause };
  }
  return {
    kind: "unknown",
    cause: unclear ?? new Error(`nothing stands at ${entry.logId}@${entry.position} any more`),
  };
}
