/** The sealed part of a log that is not compacted yet, and whether it is time to do it (Kafka, `LogCleanerManager`). */
import { compactionDirtyBytesMax, compactionHorizonMsMin, compactionListPagesMax } from "../limits/compaction.ts";
import { catchUpBytesMax, catchUpEntriesMax } from "../limits.ts";
import { contiguousFrom } from "../log/chain.ts";
import { segmentsLogId } from "../log/log-id.ts";
import { type Later, unheard } from "../storage/later.ts";
import type { Storage } from "../storage/storage.ts";
import type { PartitionStart } from "./compaction-state.ts";
import type { PartitionName } from "./recover-partition.ts";
import { datedMs } from "./retention.ts";
import { decodeSegmentDescriptor, type SegmentDescriptor } from "./segment-descriptor.ts";

/** See `TopicSettings`. */
export interface CompactionSettings {
  /** Age below which a segment is left alone. */
  readonly minCompactionLagMs: number;
  /** Age from which on one is compacted, however little there is to gain. */
  readonly maxCompactionLagMs: number;
  /** How long tombstones and markers stay behind their first cleaning. */
  readonly deleteRetentionMs: number;
  /** Part of the log that is not compacted, 0 to 1, above which it is compacted. */
  readonly minCleanableDirtyRatio: number;
}

export interface DirtyPart {
  /** In their order; the first may begin before what is dirty. */
  readonly segments: readonly SegmentDescriptor[];
  /** True if a bound ended it before the lag or the end of the list did. */
  readonly more: boolean;
}

/** Where what is to be cleaned begins. */
export function dirtyFrom({ compaction, logStart }: PartitionStart): number {
  return Math.max(compaction.cleanedTo, logStart.offset);
}

/**
 * Segments of the list from the one that holds the offset on, without a hole: a range read may miss an entry, and what a run
 * has not read would be lost by it. None if nothing is sealed there. A request, and one for each megabyte of descriptors.
 */
export async function* segmentsFrom(
  storage: Storage,
  name: PartitionName,
  offset: number,
): AsyncGenerator<SegmentDescriptor, void> {
  const logId = segmentsLogId(name.topicId, name.partition);
  const around = await storage.logs.readAt(logId, offset);
  if (around === undefined || around.next <= offset) return;
  let { position } = around;
  for (let page = 0; page < compactionListPagesMax; page += 1) {
    const limits = { entriesMax: catchUpEntriesMax, bytesMax: catchUpBytesMax };
    const range = await storage.logs.readFrom(logId, position, limits);
    const chain = contiguousFrom(range.entries, position);
    for (const entry of chain) {
      yield decodeSegmentDescriptor(entry);
      position = entry.next;
    }
    if (!range.more || chain.length < range.entries.length) return;
  }
}

/** What a run may clean from the offset on: up to the first segment that is too young, and no more than a run can do. */
export async function findDirtyPart(
  storage: Storage,
  name: PartitionName,
  offset: number,
  { minCompactionLagMs }: CompactionSettings,
): Promise<DirtyPart> {
  const nowMs = storage.clock.wallMs();
  const segments: SegmentDescriptor[] = [];
  let bytes = 0;
  for await (const segment of segmentsFrom(storage, name, offset)) {
    if (nowMs - datedMs(segment) < minCompactionLagMs) break;
    if (bytes > 0 && bytes + segment.sizeBytes > compactionDirtyBytesMax) return { segments, more: true };
    segments.push(segment);
    bytes += segment.sizeBytes;
  }
  return { segments, more: false };
}

/**
 * Whether the partition is to be compacted now, or `later`. One request and those of `segmentsFrom`, as far as it takes to know.
 *
 * @throws StorageCorruptError
 */
export async function isCompactionDue(
  storage: Storage,
  name: PartitionName,
  { compaction: state, logStart }: PartitionStart,
  settings: CompactionSettings,
  later: Later = unheard,
): Promise<boolean> {
  const nowMs = storage.clock.wallMs();
  let dirtyBytes = 0;
  for await (const segment of segmentsFrom(storage, name, dirtyFrom({ compaction: state, logStart }))) {
    const settledMs = datedMs(segment) + settings.minCompactionLagMs;
    if (settledMs > nowMs) {
      later(settledMs);
      break;
    }
    const overdueMs = segment.firstAppendedMs + settings.maxCompactionLagMs + 1;
    if (overdueMs <= nowMs) return true;
    later(overdueMs);
    dirtyBytes += segment.sizeBytes;
    if (dirtyBytes / (dirtyBytes + state.sizeBytes) > settings.minCleanableDirtyRatio) return true;
  }
  const restMs = Math.max(settings.deleteRetentionMs, compactionHorizonMsMin);
  if (state.horizonMs === undefined) return false;
  const removalMs = Math.max(state.horizonMs, state.compactedAtMs + restMs);
  if (removalMs <= nowMs) return true;
  later(removalMs);
  return false;
}
