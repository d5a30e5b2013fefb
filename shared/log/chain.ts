import { StorageCorruptError } from "../storage/errors.ts";
import type { LogEntry } from "../storage/log-store.ts";

/**
 * The prefix of a range read that follows `position` without a gap (invariant 6). What comes after a gap may be newer
 * than something that the read missed, so it is not used.
 *
 * Model: `models/shared-log/SharedLog.tla`.
 *
 * @throws StorageCorruptError if an entry begins inside another one: the chain is broken (invariant 1)
 */
export function contiguousFrom(entries: readonly LogEntry[], position: number): readonly LogEntry[] {
  const chain: LogEntry[] = [];
  let expected = position;
  for (const entry of entries) {
    if (entry.next <= entry.position) {
      throw new StorageCorruptError(`entry ${entry.logId}@${entry.position} ends at ${entry.next}`);
    }
    if (entry.position < expected) {
      throw new StorageCorruptError(`entry ${entry.logId}@${entry.position} begins before ${expected}`);
    }
    if (entry.position > expected) break;
    chain.push(entry);
    expected = entry.next;
  }
  return chain;
}
