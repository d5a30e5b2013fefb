/** All batches of a segment from an offset on, in the order of the log, a few at a time: what a compaction reads. */
import { compactionReadBytes } from "../limits/compaction.ts";
import { entryPayloadBytesMax } from "../limits.ts";
import { backoffMs } from "../log/put-entry.ts";
import type { BatchHeader } from "../record/record-batch.ts";
import { validateBatch } from "../record/validate-batch.ts";
import type { BlobRange } from "../storage/blob-store.ts";
import { StorageCorruptError, StorageUnavailableError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { batchesFrom, rangeAfter, rangeFor, readRange, segmentLogKey } from "./read-segment.ts";
import type { PartitionName } from "./recover-partition.ts";
import type { SegmentDescriptor } from "./segment-descriptor.ts";

export interface ReadBatch {
  /** A view of what was read. */
  readonly bytes: Uint8Array;
  readonly header: BatchHeader;
}

/** Times that the same bytes are asked for: one bad answer among hundreds must not let a run start again. */
const readAttemptsMax = 6;
const everything = { bytesMax: Infinity, recordsMax: Infinity };

/**
 * Groups of about a megabyte; the next is read while one is worked on. Every batch is checked.
 *
 * @throws StorageCorruptError if a batch is damaged
 * @throws StorageUnavailableError if the blob is gone, because another run or retention has taken its place
 */
export async function* segmentBatches(
  storage: Storage,
  name: PartitionName,
  segment: SegmentDescriptor,
  offset: number,
): AsyncGenerator<readonly ReadBatch[], void> {
  const key = segmentLogKey(name, segment);
  const ahead = (range: BlobRange): Promise<Uint8Array> => {
    const bytes = readPatiently(storage, name, segment, range);
    // Its failure is met when it is awaited, if it ever is.
    bytes.catch(() => undefined);
    return bytes;
  };
  let range = rangeFor(segment, offset, compactionReadBytes);
  let reading = range.end > range.start ? ahead(range) : undefined;
  while (reading !== undefined) {
    const bytes: Uint8Array = await reading;
    const { end } = range;
    range = rangeAfter(segment, end, compactionReadBytes);
    reading = end < segment.sizeBytes ? ahead(range) : undefined;
    yield batchesFrom(bytes, key, offset, everything).batches.map((batch) => ({
      bytes: batch,
      header: checkedHeader(batch, key),
    }));
  }
}

function checkedHeader(batch: Uint8Array, key: string): BatchHeader {
  const limits = { batchBytesMax: entryPayloadBytesMax, recordsMax: Infinity, origin: "log" } as const;
  const valid = validateBatch(batch, 0, batch.length, limits);
  if (!valid.ok) throw new StorageCorruptError(`a batch of ${key} is damaged: ${valid.message}`);
  return valid.header;
}

async function readPatiently(
  storage: Storage,
  name: PartitionName,
  segment: SegmentDescriptor,
  range: BlobRange,
): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const bytes = await readRange(storage, name, segment, range);
      if (bytes === undefined) throw new StorageUnavailableError(`${segmentLogKey(name, segment)} is gone`);
      return bytes;
    } catch (cause) {
      if (attempt === readAttemptsMax) throw cause;
    }
    await storage.timers.sleep(backoffMs(storage, attempt));
  }
}
