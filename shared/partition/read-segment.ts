/** Reads batches out of a sealed segment: one ranged read, whatever its size. */
import { entryPayloadBytesMax } from "../limits.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import {
  batchField,
  type BatchHeader,
  batchHeaderBytes,
  batchLengthEnd,
  lastOffset,
  readBatchHeader,
} from "../record/record-batch.ts";
import type { BlobRange } from "../storage/blob-store.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import { segmentBlobStem } from "../storage/item-keys.ts";
import type { Storage } from "../storage/storage.ts";
import type { PartitionName } from "./recover-partition.ts";
import type { SegmentDescriptor, SegmentIndexRow } from "./segment-descriptor.ts";
import type { BatchLimits } from "./select-batches.ts";

export function segmentLogKey(name: PartitionName, segment: SegmentDescriptor): string {
  return `${segmentBlobStem(name.topicId, name.partition, segment.baseOffset, segment.id)}.log`;
}

export interface SegmentRead {
  readonly batches: readonly Uint8Array[];
  readonly nextOffset: number;
}

/**
 * Whole batches from the one that holds `offset` on, as far as the limits go, but at least one before `endOffset`.
 * Undefined if the blob is gone: retention has taken it. One request, or two in a segment that was compacted.
 *
 * @throws StorageCorruptError if the blob is cut off or does not hold what the index says
 */
export async function readSegment(
  storage: Storage,
  name: PartitionName,
  segment: SegmentDescriptor,
  offset: number,
  limits: BatchLimits,
): Promise<SegmentRead | undefined> {
  let range = rangeFor(segment, offset, Math.min(limits.bytesMax, entryPayloadBytesMax));
  for (;;) {
    const bytes = await readRange(storage, name, segment, range);
    if (bytes === undefined) return undefined;
    const read = batchesFrom(bytes, segmentLogKey(name, segment), offset, limits);
    if (read.batches.length > 0 || range.end >= segment.sizeBytes) return read;
    // Compaction has left a gap, which goes beyond the next row of the index: behind that there is a batch.
    range = rangeAfter(segment, range.end, Math.min(limits.bytesMax, entryPayloadBytesMax));
  }
}

/**
 * Bytes of a segment, undefined if its blob is gone. One request.
 *
 * @throws StorageCorruptError if the blob is cut off
 */
export async function readRange(
  storage: Storage,
  name: PartitionName,
  segment: SegmentDescriptor,
  range: BlobRange,
): Promise<Uint8Array | undefined> {
  const key = segmentLogKey(name, segment);
  const bytes = await storage.blobs.get(key, range);
  if (bytes !== undefined && bytes.length !== range.end - range.start) {
    throw new StorageCorruptError(`${key} has ${bytes.length} of ${range.end - range.start} bytes from ${range.start}`);
  }
  return bytes;
}

/** From the index row at or before `offset` to the first row that is `bytesMax` further, so that only whole batches are read. */
export function rangeFor({ index, sizeBytes }: SegmentDescriptor, offset: number, bytesMax: number): BlobRange {
  const at = rowAtOrBefore(index, offset);
  return rangeFromRow(index, at, sizeBytes, bytesMax);
}

/** The range that follows one which ended at a row. */
export function rangeAfter({ index, sizeBytes }: SegmentDescriptor, end: number, bytesMax: number): BlobRange {
  const at = index.findIndex(({ position }) => position === end);
  return at < 0 ? { start: end, end: sizeBytes } : rangeFromRow(index, at, sizeBytes, bytesMax);
}

function rangeFromRow(index: readonly SegmentIndexRow[], at: number, sizeBytes: number, bytesMax: number): BlobRange {
  const start = index[at]?.position ?? 0;
  for (let row = at + 1; row < index.length; row += 1) {
    const position = index[row]?.position ?? sizeBytes;
    if (position - start >= bytesMax) return { start, end: position };
  }
  return { start, end: sizeBytes };
}

function rowAtOrBefore(index: readonly SegmentIndexRow[], offset: number): number {
  let low = 0;
  let high = index.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((index[middle]?.offset ?? Infinity) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** @throws StorageCorruptError */
export function batchesFrom(bytes: Uint8Array, key: string, offset: number, limits: BatchLimits): SegmentRead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const batches: Uint8Array[] = [];
  let at = 0;
  let taken = 0;
  let records = 0;
  let nextOffset = offset;
  while (at < bytes.length) {
    const left = bytes.length - at;
    const length = left < batchHeaderBytes ? 0 : view.getInt32(at + batchField.batchLength) + batchLengthEnd;
    if (length < batchHeaderBytes || length > left)
      throw new StorageCorruptError(`${key} holds no whole batch at ${at}`);
    const header = headerAt(bytes, at, key);
    const end = lastOffset(header) + 1;
    if (end > offset) {
      if (end > (limits.endOffset ?? Infinity)) break;
      if (taken > 0 && (taken + length > limits.bytesMax || records >= limits.recordsMax)) break;
      batches.push(bytes.subarray(at, at + length));
      taken += length;
      records += end - Math.max(header.baseOffset, offset);
      nextOffset = end;
    }
    at += length;
  }
  return { batches, nextOffset };
}

function headerAt(bytes: Uint8Array, at: number, key: string): BatchHeader {
  try {
    return readBatchHeader(bytes, at);
  } catch (cause) {
    if (!(cause instanceof MalformedBytesError)) throw cause;
    throw new StorageCorruptError(`${key} holds no batch at ${at}`, { cause });
  }
}
