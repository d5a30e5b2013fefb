/**
 * Removes segments that retention or a truncation has put before the start of the log.
 *
 * Model: `models/sealing/Sealing.tla`.
 */
import { catchUpBytesMax, deleteKeysMax } from "../limits.ts";
import { segmentsLogId } from "../log/log-id.ts";
import type { Storage } from "../storage/storage.ts";
import type { PartitionName } from "./recover-partition.ts";
import { segmentBlobKeys, segmentFileKeys } from "./segment-blobs.ts";
import { decodeSegmentDescriptor } from "./segment-descriptor.ts";
import type { Removed } from "./trim-hot-entries.ts";

export interface RemovedSegments extends Removed {
  /** Nothing is left of the segments that end at or before this. */
  readonly collectedOffset: number;
}

/** Segments whose blobs, five each, one request deletes. */
const segmentsPerPage = deleteKeysMax / 5;

/**
 * Removes the segments that end at or before `start`. The last entry of the list stays, for it is what proves the sealed
 * end (invariant 3), with the state that it refers to; but not its records.
 *
 * @param start offset below which nobody reads any more
 * @throws StorageCorruptError if an entry of the list does not decode
 */
export async function removeSegments(
  storage: Storage,
  name: PartitionName,
  start: number,
  pagesMax: number,
): Promise<RemovedSegments> {
  const logId = segmentsLogId(name.topicId, name.partition);
  const last = await storage.logs.readLast(logId);
  let entriesTrimmed = 0;
  let blobsDeleted = 0;
  let collectedOffset = 0;
  if (last === undefined) return { entriesTrimmed, blobsDeleted, collectedOffset, more: false };
  const end = Math.min(start, last.position);
  for (let page = 0; page < pagesMax; page += 1) {
    const range = await storage.logs.readFrom(logId, 0, { entriesMax: segmentsPerPage, bytesMax: catchUpBytesMax });
    const due = range.entries.filter(({ next }) => next <= end);
    const lastDue = due.at(-1);
    if (lastDue === undefined) {
      if (last.next <= start) {
        const keys = segmentFileKeys(name, decodeSegmentDescriptor(last));
        await storage.blobs.delete(keys);
        blobsDeleted += keys.length;
      }
      return { entriesTrimmed, blobsDeleted, collectedOffset: Math.min(start, last.next), more: false };
    }
    const keys = due.flatMap((entry) => segmentBlobKeys(name, decodeSegmentDescriptor(entry)));
    entriesTrimmed += await storage.logs.trim(logId, lastDue.next, due.length);
    await storage.blobs.delete(keys);
    blobsDeleted += keys.length;
    collectedOffset = lastDue.next;
  }
  return { entriesTrimmed, blobsDeleted, collectedOffset, more: true };
}
