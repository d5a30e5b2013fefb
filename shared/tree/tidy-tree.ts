/**
 * Removes what a tree no longer needs: snapshots that were superseded, entries that every kept snapshot covers and that
 * are too old to be replayed to watchers, and blobs that neither refers to. Safe at any time, and beside others.
 */
import {
  catchUpBytesMax,
  catchUpEntriesMax,
  deleteKeysMax,
  listLimitMax,
  snapshotCandidatesMax,
  treeLogKeptMs,
  treeTidyPagesMax,
  treeTrimEntriesMax,
} from "../limits.ts";
import { snapshotsLogId, treeLogId } from "../log/log-id.ts";
import { snapshotBlobPrefix, znodeBlobPrefix } from "../storage/item-keys.ts";
import { type Later, unheard } from "../storage/later.ts";
import type { LogEntry, LogId } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";

const pageLimits = { entriesMax: catchUpEntriesMax, bytesMax: catchUpBytesMax };

/** @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError what is left is found next time */
export async function tidyTree(storage: Storage, namespace: string, later: Later = unheard): Promise<void> {
  const kept = await tidySnapshots(storage, namespace, later);
  const [oldest] = kept;
  // Without a snapshot every entry is needed.
  if (oldest === undefined) return;
  const oldestEntryMs = await trimEntries(storage, namespace, oldest.next, later);
  const { graceMs } = storage.lifetimes;
  const nowMs = storage.clock.wallMs();
  const inUse = new Set(kept.flatMap(({ payload }) => (payload.kind === "blob" ? [payload.key] : [])));
  await deleteBlobs(storage, snapshotBlobPrefix(namespace), nowMs - graceMs, { inUse, keptMs: graceMs, later });
  // An entry is appended within a quarter of the grace period after its blob was stored.
  const keptMs = treeLogKeptMs + graceMs;
  await deleteBlobs(storage, znodeBlobPrefix(namespace), oldestEntryMs - graceMs, { inUse: new Set(), keptMs, later });
}

/** Trims the list; answers what is left of it, oldest first, or nothing if not all of it was seen. */
async function tidySnapshots(storage: Storage, namespace: string, later: Later): Promise<readonly LogEntry[]> {
  const logId = snapshotsLogId(namespace);
  const all = await readAll(storage, logId);
  const supersededMs = storage.clock.wallMs() - storage.lifetimes.graceMs;
  // A cold follower may still be reading what was the last one a moment ago; and a few serve should the last be damaged.
  const firstKept = all.entries.findIndex((_, index) => {
    const successor = all.entries[index + 1];
    const isLate = index >= all.entries.length - snapshotCandidatesMax;
    return successor === undefined || successor.appendedAtMs > supersededMs || isLate;
  });
  const kept = all.entries.slice(Math.max(firstKept, 0));
  const [oldest] = kept;
  if (oldest !== undefined && firstKept > 0) await storage.logs.trim(logId, oldest.position, treeTrimEntriesMax);
  if (!all.complete) later(storage.clock.wallMs());
  const successor = kept[1];
  if (kept.length > snapshotCandidatesMax && successor !== undefined) {
    later(successor.appendedAtMs + storage.lifetimes.graceMs + 1);
  }
  return all.complete ? kept : [];
}

async function readAll(
  storage: Storage,
  logId: LogId,
): Promise<{ readonly entries: readonly LogEntry[]; readonly complete: boolean }> {
  const entries: LogEntry[] = [];
  let position = 0;
  for (let page = 0; page < treeTidyPagesMax; page += 1) {
    const range = await storage.logs.readFrom(logId, position, pageLimits);
    entries.push(...range.entries);
    position = entries.at(-1)?.next ?? position;
    if (!range.more) return { entries, complete: true };
  }
  return { entries, complete: false };
}

/** Trims entries that are old and below `end`; answers when the oldest one that is left was appended, or may have been. */
async function trimEntries(storage: Storage, namespace: string, end: number, later: Later): Promise<number> {
  const logId = treeLogId(namespace);
  const keptMs = storage.clock.wallMs() - treeLogKeptMs;
  for (let page = 0; page < treeTidyPagesMax; page += 1) {
    // Most of the time the first entry stays, and nothing more need be read.
    const limits = page === 0 ? { entriesMax: 1, bytesMax: 1 } : pageLimits;
    const { entries, more } = await storage.logs.readFrom(logId, 0, limits);
    const stays = entries.findIndex((entry) => entry.next > end || entry.appendedAtMs > keptMs);
    const upTo = stays < 0 ? entries.at(-1)?.next : entries[stays]?.position;
    if (upTo !== undefined && stays !== 0) await storage.logs.trim(logId, upTo, treeTrimEntriesMax);
    const oldest = entries[stays];
    if (oldest !== undefined && oldest.next <= end) later(oldest.appendedAtMs + treeLogKeptMs + 1);
    if (oldest !== undefined) return Math.min(keptMs, oldest.appendedAtMs);
    if (!more) return keptMs;
  }
  // Not through yet: nothing is known of what is left.
  later(storage.clock.wallMs());
  return 0;
}

/** Deletes blobs that nothing in `inUse` names and that were stored before `olderThanMs`. @param keptMs age that this may stand for */
async function deleteBlobs(
  storage: Storage,
  prefix: string,
  olderThanMs: number,
  { inUse, keptMs, later }: { readonly inUse: ReadonlySet<string>; readonly keptMs: number; readonly later: Later },
): Promise<void> {
  const nowMs = storage.clock.wallMs();
  let after: string | undefined;
  for (let page = 0; page < treeTidyPagesMax; page += 1) {
    const { blobs, next } = await storage.blobs.list(prefix, {
      limit: Math.min(listLimitMax, deleteKeysMax),
      ...(after === undefined ? {} : { after }),
    });
    const free = blobs.filter(({ key }) => !inUse.has(key));
    const keys = free.flatMap(({ key, modifiedAtMs }) => (modifiedAtMs < olderThanMs ? [key] : []));
    for (const { modifiedAtMs } of free) if (modifiedAtMs + keptMs >= nowMs) later(modifiedAtMs + keptMs + 1);
    if (keys.length > 0) await storage.blobs.delete(keys);
    if (next === undefined) return;
    after = next;
  }
  later(nowMs);
}
