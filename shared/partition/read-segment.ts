/** Reads batches out of a sealed segment: one ranged read, whatever its size. */
import { entryPayloadBytesMax } from "../limits.ts";
import { batchField, batchHeaderBytes, batchLengthEnd, lastOffset, readBatchHeader } from "../record/record-batch.ts";
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
 * Whole batches from the one that holds `offset` on, as far as the limits go, but at least one. Undefined if the blob is
 * gone: retention has taken it. One request.
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
  const range = rangeFor(segment, offset, Math.min(limits.bytesMax, entryPayloadBytesMax));
  const key = segmentLogKey(name, segment);
  const bytes = await storage.blobs.get(key, range);
  if (bytes === undefined) return undefined;
  if (bytes.length !== range.end - range.start) {
    throw new StorageCorruptError(`${key} has ${bytes.length} of ${range.end - range.start} bytes from ${range.start}`);
  }
  return batchesFrom(bytes, key, offset, limits);
}

/** From the index row at or before `offset` to the first row that is `bytesMax` further, so that only whole batches are read. */
function rangeFor(segment: SegmentDescriptor, offset: number, bytesMax: number): { start: number; end: number } {
  const { index, sizeBytes } = segment;
  const at = rowAtOrBefore(index, offset);
  const start = index[at]?.position ?? 0;
  let end = sizeBytes;
  for (let row = at + 1; row < index.length; row += 1) {
    const position = index[row]?.position ?? sizeBytes;
    if (position - start >= bytesMax) {
      end = position;
      break;
    }
  }
  return { start, end };
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

function batchesFrom(bytes: Uint8Array, key: string, offset: number, limits: BatchLimits): SegmentRead {
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
    const header = readBatchHeader(bytes, at);
    const end = lastOffset(header) + 1;
    if (end > offset) {
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
