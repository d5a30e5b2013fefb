/** Removes what a deleted topic has left. Safe to run twice, and beside a writer that does not know of the deletion yet. */
import { deleteKeysMax, listLimitMax } from "../limits.ts";
import { partitionLogId, segmentsLogId } from "../log/log-id.ts";
import { partitionsPartition, topicBlobPrefixes } from "../storage/item-keys.ts";
import type { LogId } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { PartitionName } from "./recover-partition.ts";

/** Entries that one request trims. */
const trimEntriesMax = 1_000;

/**
 * Trims a partition's logs, up to `pagesMax` thousand entries of each. Where the store drops hot entries by itself they are
 * left to it, for to delete one costs as much as to write it.
 *
 * @returns true if nothing is left that this may remove
 */
export async function erasePartitionLogs(storage: Storage, name: PartitionName, pagesMax: number): Promise<boolean> {
  const hotIsGone =
    storage.dropsExpiredEntries || (await trimAll(storage, partitionLogId(name.topicId, name.partition), pagesMax));
  return (await trimAll(storage, segmentsLogId(name.topicId, name.partition), pagesMax)) && hotIsGone;
}

async function trimAll(storage: Storage, logId: LogId, pagesMax: number): Promise<boolean> {
  for (let page = 0; page < pagesMax; page += 1) {
    const trimmed = await storage.logs.trim(logId, Number.MAX_SAFE_INTEGER, trimEntriesMax);
    if (trimmed < trimEntriesMax) return true;
  }
  return false;
}

/**
 * Deletes the blobs and the items of all partitions of a topic, up to `pagesMax` thousand. To be called when the logs are
 * trimmed, so that no entry refers to a blob that is gone.
 *
 * @returns true if nothing is left
 */
export async function eraseTopicBlobs(storage: Storage, topicId: string, pagesMax: number): Promise<boolean> {
  let pages = 0;
  for (const prefix of topicBlobPrefixes(topicId)) {
    for (let more = true; more; pages += 1) {
      if (pages >= pagesMax) return false;
      const { blobs, next } = await storage.blobs.list(prefix, { limit: Math.min(listLimitMax, deleteKeysMax) });
      if (blobs.length > 0) await storage.blobs.delete(blobs.map(({ key }) => key));
      more = next !== undefined;
    }
  }
  for (; pages < pagesMax; pages += 1) {
    const { items, next } = await storage.items.query(partitionsPartition(topicId), { limit: listLimitMax });
    for (const { key } of items) await storage.items.delete(key);
    if (next === undefined) return true;
  }
  return false;
}
