/**
 * The blobs of a segment, by their names: Kafka's files, of which the index of aborted transactions is there only if there
 * are any, and the state at the segment's end, where it is large.
 */
import { segmentBlobPrefix, segmentBlobStem } from "../storage/item-keys.ts";
import type { PartitionName } from "./recover-partition.ts";
import type { SegmentDescriptor } from "./segment-descriptor.ts";

const namePattern = /^(\d{20})-([A-Za-z0-9_-]+)\.(?:log|index|timeindex|txnindex|state)$/;

const compactedPattern = /^\d{20}-compacted\.([A-Za-z0-9_-]+)\.(?:log|index|timeindex|manifest)$/;

/** What names a segment's blobs: where it begins, and the random part. */
export interface SegmentBlobName {
  readonly baseOffset: number;
  readonly id: string;
}

/** A segment that may have the index of aborted transactions. */
type SegmentBlobs = SegmentBlobName & Pick<SegmentDescriptor, "aborted">;

/** The blobs that hold records or lead to them. */
export function segmentFileKeys(name: PartitionName, segment: SegmentBlobs): string[] {
  const stem = segmentBlobStem(name.topicId, name.partition, segment.baseOffset, segment.id);
  const transactions = segment.aborted === undefined ? [] : [`${stem}.txnindex`];
  return [`${stem}.log`, `${stem}.index`, `${stem}.timeindex`, ...transactions];
}

/** All blobs that a segment may have. */
export function segmentBlobKeys(name: PartitionName, segment: SegmentBlobs): string[] {
  const stem = segmentBlobStem(name.topicId, name.partition, segment.baseOffset, segment.id);
  return [...segmentFileKeys(name, segment), `${stem}.state`];
}

/** Which segment a blob below the partition's prefix belongs to; undefined if its name is not of ours. */
export function segmentOfBlob(name: PartitionName, key: string): SegmentBlobName | undefined {
  const prefix = segmentBlobPrefix(name.topicId, name.partition);
  const match = key.startsWith(prefix) ? namePattern.exec(key.slice(prefix.length)) : null;
  const [, digits, id] = match ?? [];
  const baseOffset = Number(digits);
  if (id === undefined || !Number.isSafeInteger(baseOffset)) return undefined;
  return { baseOffset, id };
}

/** Which run of compaction a blob below the partition's prefix belongs to; undefined if it belongs to none. */
export function runOfBlob(name: PartitionName, key: string): string | undefined {
  const prefix = segmentBlobPrefix(name.topicId, name.partition);
  const match = key.startsWith(prefix) ? compactedPattern.exec(key.slice(prefix.length)) : null;
  return match?.[1];
}
