/**
 * Removes what a partition no longer needs, a grace period after it stopped being needed. Any number of collectors may run
 * beside each other, and beside writers, readers and sealers; one that dies is continued by the next.
 *
 *     hot entries     below the sealed end and old  ─► trimmed, then their payloads deleted (where no TTL does it)
 *     segments        below the start of the log    ─► list entries trimmed, then their blobs deleted
 *                     or below what is compacted
 *     compacted ones  below the start of the log    ─► their blobs deleted
 *     blobs           old, and referred to by none  ─► deleted, in a pass that goes on where the last run stopped
 *
 * An entry always goes before its blob. Who holds the entry already and finds the blob gone looks again, and finds a
 * segment, or that the log begins later by now.
 */
import { segmentsLogId } from "../log/log-id.ts";
import { type Later, unheard } from "../storage/later.ts";
import type { Storage } from "../storage/storage.ts";
import { collectBlobs } from "./collect-blobs.ts";
import {
  type CollectionState,
  listStart,
  readCollectionState,
  settledListStart,
  settledLogStart,
  writeCollectionState,
} from "./collection-state.ts";
import { removeCompactedSegments } from "./remove-compacted.ts";
import type { PartitionName } from "./recover-partition.ts";
import { removeSegments } from "./remove-segments.ts";
import { trimHotEntries } from "./trim-hot-entries.ts";

export interface CollectOptions {
  /** Pages, of up to 1,000 entries or blobs, that this run works on in each of its three parts. */
  readonly pagesMax?: number;
  /** Nothing was written to the partition since; undefined if that is not known. */
  readonly unchangedSinceMs?: number | undefined;
  /** Told when there may be more to do. */
  readonly later?: Later;
}

export interface CollectResult {
  /** Entries of the partition's log and of its segment list that were removed. */
  readonly entriesTrimmed: number;
  readonly blobsDeleted: number;
  /** True if the run stopped at its bound. */
  readonly more: boolean;
}

/** On AWS about a minute's work of a function. */
const pagesPerRunMax = 100;

/** @throws StorageCorruptError if a segment's list entry does not decode; nothing that it may refer to is removed then */
export async function collectPartition(
  storage: Storage,
  name: PartitionName,
  options: CollectOptions = {},
): Promise<CollectResult> {
  const { pagesMax = pagesPerRunMax, unchangedSinceMs, later = unheard } = options;
  const { graceMs } = storage.lifetimes;
  const last = await storage.logs.readLast(segmentsLogId(name.topicId, name.partition));
  const state = await readCollectionState(storage, name);
  const hot = await trimHotEntries(storage, name, last?.next ?? 0, pagesMax, later);

  const nowMs = storage.clock.wallMs();
  const start = settledListStart(state, nowMs, graceMs);
  const removed =
    last !== undefined && start > state.collectedOffset
      ? await removeSegments(storage, name, start, pagesMax)
      : undefined;
  const compacted = await removeCompacted(storage, name, state);
  const isMarkUsed = state.mark.offset <= state.collectedOffset || nowMs - state.mark.seenAtMs > graceMs;
  const mark =
    isMarkUsed && listStart(state) > state.mark.offset ? { offset: listStart(state), seenAtMs: nowMs } : undefined;

  const blobs = await collectBlobs(storage, name, state, last?.next ?? 0, { pagesMax, unchangedSinceMs, later });
  const collectedOffset = removed?.collectedOffset ?? state.collectedOffset;
  const compactedStart = compacted?.start ?? state.compactedStart;
  tellWhenSettled({ ...state, mark: mark ?? state.mark, collectedOffset, compactedStart }, nowMs, graceMs, later);
  await writeCollectionState(storage, name, {
    ...(mark === undefined ? {} : { mark }),
    ...(removed === undefined ? {} : { collectedOffset: removed.collectedOffset }),
    ...(compacted === undefined ? {} : { compactedStart: compacted.start }),
    ...(blobs === undefined ? {} : { pass: blobs.pass }),
  });
  return {
    entriesTrimmed: hot.entriesTrimmed + (removed?.entriesTrimmed ?? 0),
    blobsDeleted: [hot, removed, compacted, blobs].reduce((sum, part) => sum + (part?.blobsDeleted ?? 0), 0),
    more: hot.more || removed?.more === true || blobs?.pass.after !== undefined,
  };
}

/** When what is before the start of the log, or of the list, will have been there for a grace period. */
function tellWhenSettled(state: CollectionState, nowMs: number, graceMs: number, later: Later): void {
  const isListLeft = listStart(state) > state.collectedOffset;
  const isCompactedLeft = state.compaction.id !== undefined && state.logStart.offset > state.compactedStart;
  if (!isListLeft && !isCompactedLeft) return;
  for (const sinceMs of [state.logStart.raisedAtMs, state.compaction.compactedAtMs, state.mark.seenAtMs]) {
    if (sinceMs + graceMs + 1 > nowMs) later(sinceMs + graceMs + 1);
  }
}

/** What the start of the log has left behind of the compacted segments; undefined if it has not come further. */
async function removeCompacted(
  storage: Storage,
  name: PartitionName,
  state: CollectionState,
): Promise<{ readonly start: number; readonly blobsDeleted: number } | undefined> {
  const start = settledLogStart(state, storage.clock.wallMs(), storage.lifetimes.graceMs);
  if (state.compaction.id === undefined || start <= state.compactedStart) return undefined;
  const blobsDeleted = await removeCompactedSegments(storage, name, state.compaction, start);
  return blobsDeleted === undefined ? undefined : { start, blobsDeleted };
}
