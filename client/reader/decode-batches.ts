import { decompress } from "../../shared/compression/compression.ts";
import { batchRecordsMax, decompressedBatchBytesMax, entryBatchesMax, recordHeadersMax } from "../../shared/limits.ts";
import { DecompressionError } from "../../shared/record/compression-type.ts";
import { recordTimestamp } from "../../shared/record/decode-records.ts";
import { MalformedBytesError } from "../../shared/record/malformed-bytes-error.ts";
import { recordsOf } from "../../shared/record/record-batch.ts";
import type { BatchHeader } from "../../shared/record/record-batch.ts";
import { RecordCursor } from "../../shared/record/record-cursor.ts";
import type { RecordHeader } from "../../shared/record/record-cursor.ts";
import { splitBatches, validateBatch } from "../../shared/record/validate-batch.ts";

/** A record as it stands in a partition. Its bytes may be views of an answer: copy what is kept for long. */
export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  /** Ms since the epoch; -1 where there is none. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

/** Batches that were fetched do not decode, or do not match their checksum. */
export class CorruptBatchError extends Error {
  override readonly name = "CorruptBatchError";
}

/** Batches of one answer: an answer holds at most one entry more than it was asked for. */
const batchesMax = 100 * entryBatchesMax;

/**
 * The records of whole batches, from an offset on; without control records.
 *
 * @throws CorruptBatchError if a batch is cut off, damaged, or decompresses to more than the limit
 */
export function decodeBatches(bytes: Uint8Array, partition: number, fromOffset: number): ReadRecord[] {
  const records: ReadRecord[] = [];
  try {
    const { ranges, rest } = splitBatches(bytes, batchesMax);
    if (rest !== "none") throw new MalformedBytesError(`the answer ends with a ${rest} batch`);
    for (const { start, end } of ranges) {
      const validation = validateBatch(bytes, start, end, {
        batchBytesMax: bytes.length,
        recordsMax: batchRecordsMax,
        origin: "log",
      });
      if (!validation.ok) throw new MalformedBytesError(`${validation.error}: ${validation.message}`);
      const { header } = validation;
      if (!header.isControl) readRecords(header, recordsOf(bytes, start, header), partition, fromOffset, records);
    }
  } catch (cause) {
    if (!(cause instanceof MalformedBytesError || cause instanceof DecompressionError)) throw cause;
    throw new CorruptBatchError(`partition ${partition} from offset ${fromOffset}: ${cause.message}`, { cause });
  }
  return records;
}

function readRecords(
  header: BatchHeader,
  encoded: Uint8Array,
  partition: number,
  fromOffset: number,
  into: ReadRecord[],
): void {
  const plain = decompress(header.compressionType, encoded, decompressedBatchBytesMax);
  const cursor = new RecordCursor(plain, recordHeadersMax);
  for (let index = 0; index < header.recordsCount; index += 1) {
    cursor.next();
    const offset = header.baseOffset + cursor.offsetDelta;
    if (offset < fromOffset) continue;
    into.push({
      partition,
      offset,
      timestamp: recordTimestamp(header, cursor),
      key: cursor.key(),
      value: cursor.value(),
      headers: cursor.headers(),
    });
  }
  if (cursor.remaining > 0) throw new MalformedBytesError(`${cursor.remaining} bytes behind the last record`);
}
