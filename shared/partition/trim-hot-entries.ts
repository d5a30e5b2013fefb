/**
 * Removes hot entries that are sealed and old, from a store that drops none by itself.
 *
 * Model: `models/sealing/Sealing.tla`.
 */
import { catchUpBytesMax, deleteKeysMax } from "../limits.ts";
import { partitionLogId } from "../log/log-id.ts";
import { type Later, unheard } from "../storage/later.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { PartitionName } from "./recover-partition.ts";

export interface Removed {
  readonly entriesTrimmed: number;
  readonly blobsDeleted: number;
  /** True if a bound ended the run. */
  readonly more: boolean;
}

/** Entries of one page, and those after which a trim is due: what one request deletes of blobs is at most two such pages. */
const pageEntries = deleteKeysMax / 2;

/**
 * Trims entries below `sealedEnd` that are older than the grace period, and then deletes their payloads: a run that ends
 * between the two leaves blobs that nothing refers to. One request a page, and two more for every 500 entries.
 *
 * @param sealedEnd as it was read before
 */
export async function trimHotEntries(
  storage: Storage,
  name: PartitionName,
  sealedEnd: number,
  pagesMax: number,
  later: Later = unheard,
): Promise<Removed> {
  let entriesTrimmed = 0;
  let blobsDeleted = 0;
  if (storage.dropsExpiredEntries || sealedEnd === 0) return { entriesTrimmed, blobsDeleted, more: false };
  const logId = partitionLogId(name.topicId, name.partition);
  const limits = { entriesMax: pageEntries, bytesMax: catchUpBytesMax };
  let position = 0;
  let entries = 0;
  let keys: string[] = [];
  for (let page = 1; page <= pagesMax; page += 1) {
    const range = await storage.logs.readFrom(logId, position, limits);
    const due = dueEntries(range.entries, sealedEnd, storage.clock.wallMs() - storage.lifetimes.graceMs);
    const isEnd = !range.more || due.length < range.entries.length;
    position = due.at(-1)?.next ?? position;
    entries += due.length;
    keys.push(...due.flatMap(({ payload }) => (payload.kind === "blob" ? [payload.key] : [])));
    if (entries > 0 && (isEnd || page === pagesMax || entries >= pageEntries)) {
      entriesTrimmed += await storage.logs.trim(logId, position, entries);
      if (keys.length > 0) await storage.blobs.delete(keys);
      blobsDeleted += keys.length;
      entries = 0;
      keys = [];
    }
    const young = range.entries[due.length];
    if (young !== undefined && young.next <= sealedEnd) later(young.appendedAtMs + storage.lifetimes.graceMs + 1);
    if (isEnd) return { entriesTrimmed, blobsDeleted, more: false };
  }
  return { entriesTrimmed, blobsDeleted, more: true };
}

function dueEntries(entries: readonly LogEntry[], sealedEnd: number, appendedBeforeMs: number): readonly LogEntry[] {
  const end = entries.findIndex(({ next, appendedAtMs }) => next > sealedEnd || appendedAtMs >= appendedBeforeMs);
  return end < 0 ? entries : entries.slice(0, end);
}
