/** Removes hot entries that are sealed and old, from a store that drops none by itself. */
import { catchUpBytesMax, catchUpEntriesMax } from "../limits.ts";
import { partitionLogId } from "../log/log-id.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { PartitionName } from "./recover-partition.ts";

export interface Removed {
  readonly entriesTrimmed: number;
  readonly blobsDeleted: number;
  /** True if a bound ended the run. */
  readonly more: boolean;
}

/**
 * Trims entries below `sealedEnd` that are older than the grace period, and then deletes their payloads: a run that ends
 * between the two leaves blobs that nothing refers to. Up to three requests a page.
 *
 * @param sealedEnd as it was read before
 */
export async function trimHotEntries(
  storage: Storage,
  name: PartitionName,
  sealedEnd: number,
  pagesMax: number,
): Promise<Removed> {
  let entriesTrimmed = 0;
  let blobsDeleted = 0;
  if (storage.dropsExpiredEntries || sealedEnd === 0) return { entriesTrimmed, blobsDeleted, more: false };
  const logId = partitionLogId(name.topicId, name.partition);
  const limits = { entriesMax: catchUpEntriesMax, bytesMax: catchUpBytesMax };
  for (let page = 0; page < pagesMax; page += 1) {
    const range = await storage.logs.readFrom(logId, 0, limits);
    const due = dueEntries(range.entries, sealedEnd, storage.clock.wallMs() - storage.lifetimes.graceMs);
    const last = due.at(-1);
    if (last === undefined) return { entriesTrimmed, blobsDeleted, more: false };
    entriesTrimmed += await storage.logs.trim(logId, last.next, due.length);
    const keys = due.flatMap(({ payload }) => (payload.kind === "blob" ? [payload.key] : []));
    if (keys.length > 0) await storage.blobs.delete(keys);
    blobsDeleted += keys.length;
    if (!range.more || due.length < range.entries.length) return { entriesTrimmed, blobsDeleted, more: false };
  }
  return { entriesTrimmed, blobsDeleted, more: true };
}

function dueEntries(entries: readonly LogEntry[], sealedEnd: number, appendedBeforeMs: number): readonly LogEntry[] {
  const end = entries.findIndex(({ next, appendedAtMs }) => next > sealedEnd || appendedAtMs >= appendedBeforeMs);
  return end < 0 ? entries : entries.slice(0, end);
}
