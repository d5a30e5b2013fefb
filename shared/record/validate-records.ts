import { DecompressionError, type Decompress } from "./compression-type.ts";
import { checkOffsetDelta } from "./decode-records.ts";
import { MalformedBytesError } from "./malformed-bytes-error.ts";
import { noTimestamp, type BatchHeader } from "./record-batch.ts";
import { RecordCursor } from "./record-cursor.ts";
import type { BatchRefusal } from "./validate-batch.ts";

/** What the records of a batch may be. */
export interface RecordLimits {
  /** Uncompressed bytes of all records. */
  readonly decompressedBytesMax: number;
  /** Headers of one record. */
  readonly headersMax: number;
  /** Whether every record needs a key, as in a compacted topic. */
  readonly keysRequired: boolean;
}

/** What `validateRecords` found. */
export type RecordsValidation =
  | {
      readonly ok: true;
      /** Uncompressed bytes of the records. */
      readonly recordsBytes: number;
      /** ms, or -1 */
      readonly minTimestamp: number;
      /** ms, or -1. A producer's header may say otherwise; see `rewriteMaxTimestamp`. */
      readonly maxTimestamp: number;
    }
  /** `recordIndex` is that of the record that is refused, where it is one. */
  | (BatchRefusal & { readonly recordIndex?: number });

/**
 * Walks the records of a produced batch whose header `validateBatch` accepted, allocating nothing for them: they must
 * decompress within the limit, fill their bytes, be as many as the header says and have offset deltas 0 to n-1.
 * @param records the batch's bytes behind its header; see `recordsOf`
 */
export function validateRecords(
  header: BatchHeader,
  records: Uint8Array,
  decompress: Decompress,
  limits: RecordLimits,
): RecordsValidation {
  let plain: Uint8Array;
  try {
    plain =
      header.compressionType === "none"
        ? records
        : decompress(header.compressionType, records, limits.decompressedBytesMax);
  } catch (error) {
    if (error instanceof DecompressionError) return refuseDecompression(error);
    throw error;
  }
  if (plain.length > limits.decompressedBytesMax) {
    return refuse("MESSAGE_TOO_LARGE", `${plain.length} bytes of records, ${limits.decompressedBytesMax} allowed`);
  }
  return walk(header, plain, limits);
}

function walk(header: BatchHeader, records: Uint8Array, limits: RecordLimits): RecordsValidation {
  const cursor = new RecordCursor(records, limits.headersMax);
  let minTimestamp = Number.MAX_SAFE_INTEGER;
  let maxTimestamp = noTimestamp;
  for (let index = 0; index < header.recordsCount; index += 1) {
    try {
      cursor.next();
      checkOffsetDelta(cursor.offsetDelta, index - 1, header, true);
    } catch (error) {
      if (error instanceof MalformedBytesError) return refuse("INVALID_RECORD", error.message, index);
      throw error;
    }
    if (limits.keysRequired && cursor.keyLength < 0) {
      return refuse("INVALID_RECORD", "a compacted topic takes no record without a key", index);
    }
    const timestamp = header.baseTimestamp + cursor.timestampDelta;
    if (timestamp < noTimestamp || timestamp > Number.MAX_SAFE_INTEGER) {
      return refuse("INVALID_TIMESTAMP", `timestamp ${timestamp}`, index);
    }
    if (timestamp < minTimestamp) minTimestamp = timestamp;
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
  }
  if (cursor.remaining > 0) return refuse("INVALID_RECORD", `${cursor.remaining} bytes behind the last record`);
  return { ok: true, recordsBytes: records.length, minTimestamp, maxTimestamp };
}

function refuseDecompression({ kind, message }: DecompressionError): RecordsValidation {
  switch (kind) {
    case "too-large":
      return refuse("MESSAGE_TOO_LARGE", message);
    case "unsupported":
      return refuse("UNSUPPORTED_COMPRESSION_TYPE", message);
    case "corrupt":
      // The CRC held, so these are the bytes that the producer made: CORRUPT_MESSAGE would make it send them again.
      return refuse("INVALID_RECORD", message);
  }
}

function refuse(error: BatchRefusal["error"], message: string, recordIndex?: number): RecordsValidation {
  return recordIndex === undefined ? { ok: false, error, message } : { ok: false, error, message, recordIndex };
}
