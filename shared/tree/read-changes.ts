/** What has happened in a tree since a zxid: from the memory of this process, else from the log. */
import { type Zxid, zxid } from "../brand.ts";
import { catchUpBytesMax, catchUpEntriesMax, oldChangesPagesMax } from "../limits.ts";
import { oldChangesEventsMax } from "../limits/follower.ts";
import { contiguousFrom } from "../log/chain.ts";
import { treeLogId } from "../log/log-id.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { ZxidEvents } from "./recent-changes.ts";
import { loadTreeEntry } from "./replay.ts";
import { eventsOf } from "./tree-events.ts";
import type { Tree } from "./tree.ts";

export type Changes =
  | {
      readonly kind: "changes";
      /** Transactions that somebody hears of, oldest first. */
      readonly changes: Iterable<ZxidEvents>;
      /** Everything up to here has been looked at. */
      readonly upTo: Zxid;
    }
  /** The log begins later: `oldest` is the smallest zxid from which on everything is known. */
  | { readonly kind: "too old"; readonly oldest: Zxid };

/**
 * Changes after `since`, up to `lastZxid` or for a few pages of log.
 *
 * @param lastZxid up to where the tree has been read
 * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError | StorageCorruptError
 */
export async function readChanges(storage: Storage, tree: Tree, since: Zxid, lastZxid: Zxid): Promise<Changes> {
  const recent = tree.changesAfter(since);
  if (recent !== undefined) return { kind: "changes", changes: recent, upTo: lastZxid };
  return await readOldChanges(storage, tree.namespace, since);
}

/** As `readChanges`, from the log: `upTo` may be less or more than what the tree has seen. @throws as `readChanges` */
export async function readOldChanges(storage: Storage, namespace: string, since: Zxid): Promise<Changes> {
  const logId = treeLogId(namespace);
  const first = await storage.logs.readAt(logId, since + 1);
  if (first === undefined || first.next <= since + 1) {
    const { entries } = await storage.logs.readFrom(logId, 0, { entriesMax: 1, bytesMax: 1 });
    return { kind: "too old", oldest: zxid(Math.max(0, (entries[0]?.position ?? since + 2) - 1)) };
  }
  const changes: ZxidEvents[] = await eventsAfter(storage, first, since);
  let count = countOf(changes);
  let { next } = first;
  for (let page = 0; page < oldChangesPagesMax && count < oldChangesEventsMax; page += 1) {
    const limits = { entriesMax: catchUpEntriesMax, bytesMax: catchUpBytesMax };
    const range = await storage.logs.readFrom(logId, next, limits);
    for (const entry of contiguousFrom(range.entries, next)) {
      const found = await eventsAfter(storage, entry, since);
      changes.push(...found);
      count += countOf(found);
      ({ next } = entry);
      if (count >= oldChangesEventsMax) break;
    }
    if (!range.more) break;
  }
  return { kind: "changes", changes, upTo: zxid(next - 1) };
}

function countOf(changes: readonly ZxidEvents[]): number {
  return changes.reduce((sum, { events }) => sum + events.length, 0);
}

async function eventsAfter(storage: Storage, entry: LogEntry, since: Zxid): Promise<ZxidEvents[]> {
  const transactions = await loadTreeEntry(storage, entry);
  return transactions.flatMap((transaction, index) => {
    const at = entry.position + index;
    const events = at > since ? eventsOf(transaction) : [];
    return events.length === 0 ? [] : [{ zxid: zxid(at), events }];
  });
}
