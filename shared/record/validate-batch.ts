import { compressionTypes } from "./compression-type.ts";
import { crc32c } from "./crc32c.ts";
import { MalformedBytesError } from "./malformed-bytes-error.ts";
import {
  attributeBits,
  batchField,
  batchHeaderBytes,
  batchLengthEnd,
  noTimestamp,
  readBatchHeader,
  type BatchHeader,
} from "./record-batch.ts";

/** Kafka's name for what is wrong with a batch. */
export type BatchErrorName =
  | "CORRUPT_MESSAGE"
  | "INVALID_RECORD"
  | "INVALID_TIMESTAMP"
  | "MESSAGE_TOO_LARGE"
  | "UNSUPPORTED_COMPRESSION_TYPE"
  | "UNSUPPORTED_FOR_MESSAGE_FORMAT";

/** A batch, or one of its records, that is refused. */
export interface BatchRefusal {
  readonly ok: false;
  readonly error: BatchErrorName;
  readonly message: string;
}

/** What `validateBatch` found. */
export type BatchValidation = { readonly ok: true; readonly header: BatchHeader } | BatchRefusal;

/** What a batch may be. */
export interface BatchLimits {
  /** Bytes of the whole batch; the topic's `max.message.bytes`. */
  readonly batchBytesMax: number;
  readonly recordsMax: number;
  /** A producer's batch has all of its records and no control record; compaction leaves gaps in one of the log's. */
  readonly origin: "producer" | "log";
}

/**
 * Checks the batch at `start` of `bytes`, which end at `end`, without looking at its records: lengths, magic, CRC,
 * attributes, counts, timestamps, and for a producer's batch what Kafka's LogValidator refuses.
 */
export function validateBatch(bytes: Uint8Array, start: number, end: number, limits: BatchLimits): BatchValidation {
  const refusal = checkFrame(bytes, start, end, limits);
  if (refusal !== null) return refusal;
  let header: BatchHeader;
  try {
    header = readBatchHeader(bytes, start);
  } catch (error) {
    // Past the CRC only offsets and timestamps are left that the header's reader can refuse.
    if (error instanceof MalformedBytesError) return refuse("CORRUPT_MESSAGE", error.message);
    throw error;
  }
  return checkHeader(header, limits) ?? { ok: true, header };
}

function checkFrame(bytes: Uint8Array, start: number, end: number, limits: BatchLimits): BatchRefusal | null {
  if (!(start >= 0 && start <= end && end <= bytes.length)) {
    throw new RangeError(`range ${start} to ${end} is outside of ${bytes.length} bytes`);
  }
  const available = end - start;
  if (available <= batchField.magic) return refuse("CORRUPT_MESSAGE", `${available} bytes hold no batch`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, available);
  const magic = view.getInt8(batchField.magic);
  if (magic === 0 || magic === 1) return refuse("UNSUPPORTED_FOR_MESSAGE_FORMAT", `magic ${magic}, 2 is needed`);
  if (magic !== 2) return refuse("CORRUPT_MESSAGE", `magic ${magic}`);
  const sizeBytes = view.getInt32(batchField.batchLength) + batchLengthEnd;
  if (sizeBytes < batchHeaderBytes || sizeBytes > available) {
    return refuse("CORRUPT_MESSAGE", `batch of ${sizeBytes} bytes where ${available} are there`);
  }
  if (sizeBytes > limits.batchBytesMax) {
    return refuse("MESSAGE_TOO_LARGE", `batch of ${sizeBytes} bytes, ${limits.batchBytesMax} allowed`);
  }
  const crc = crc32c(bytes, start + batchField.attributes, start + sizeBytes);
  if (crc !== view.getUint32(batchField.crc)) return refuse("CORRUPT_MESSAGE", "CRC does not match");
  const attributes = view.getInt16(batchField.attributes);
  if (compressionTypes[attributes & attributeBits.compressionType] === undefined) {
    return refuse("UNSUPPORTED_COMPRESSION_TYPE", `compression type ${attributes & attributeBits.compressionType}`);
  }
  for (const field of [batchField.baseTimestamp, batchField.maxTimestamp]) {
    const timestamp = view.getBigInt64(field);
    if (timestamp < noTimestamp || timestamp > Number.MAX_SAFE_INTEGER) {
      return refuse("INVALID_TIMESTAMP", `timestamp ${timestamp}`);
    }
  }
  if (limits.origin === "producer" && view.getBigInt64(batchField.baseOffset) !== 0n) {
    return refuse("INVALID_RECORD", "baseOffset of a produced batch is not 0");
  }
  return null;
}

function checkHeader(header: BatchHeader, limits: BatchLimits): BatchRefusal | null {
  const { recordsCount, lastOffsetDelta, baseOffset } = header;
  if (recordsCount < 0 || recordsCount > limits.recordsMax) {
    return refuse("INVALID_RECORD", `batch of ${recordsCount} records, ${limits.recordsMax} allowed`);
  }
  if (limits.origin === "producer") return checkProduced(header);
  if (lastOffsetDelta < 0 || lastOffsetDelta < recordsCount - 1) {
    return refuse("INVALID_RECORD", `last offset delta ${lastOffsetDelta} of ${recordsCount} records`);
  }
  if (baseOffset < 0 || !Number.isSafeInteger(baseOffset + lastOffsetDelta)) {
    return refuse("CORRUPT_MESSAGE", `offsets from ${baseOffset}`);
  }
  return null;
}

function checkProduced(header: BatchHeader): BatchRefusal | null {
  const { recordsCount, lastOffsetDelta, producerId, producerEpoch, baseSequence } = header;
  if (recordsCount === 0) return refuse("INVALID_RECORD", "batch without records");
  if (lastOffsetDelta !== recordsCount - 1) {
    return refuse("INVALID_RECORD", `last offset delta ${lastOffsetDelta} of ${recordsCount} records`);
  }
  if (header.isControl) return refuse("INVALID_RECORD", "producers may not write control records");
  if (header.hasDeleteHorizon) return refuse("INVALID_RECORD", "producers may not set a delete horizon");
  if (header.timestampType === "LogAppendTime") {
    return refuse("INVALID_TIMESTAMP", "producers may not set the timestamp type to LogAppendTime");
  }
  if (producerId >= 0n && (baseSequence < 0 || producerEpoch < 0)) {
    return refuse("INVALID_RECORD", `sequence ${baseSequence} and epoch ${producerEpoch} with a producer id`);
  }
  if (header.isTransactional && producerId < 0n) return refuse("INVALID_RECORD", "transactional without a producer id");
  return null;
}

function refuse(error: BatchErrorName, message: string): BatchRefusal {
  return { ok: false, error, message };
}

/** Where a batch starts and ends, exclusive. */
export interface BatchRange {
  readonly start: number;
  readonly end: number;
}

/** The batches that stand one behind the other in some bytes. */
export interface BatchSplit {
  readonly ranges: readonly BatchRange[];
  /** Where the last whole batch ends. */
  readonly end: number;
  /** What follows it: nothing, a batch that is cut off (as at the end of a fetch), or more than `batchesMax` batches. */
  readonly rest: "none" | "partial" | "more";
}

/**
 * Finds the batches that stand one behind the other from `start` to `end`, at most `batchesMax` of them, by their length.
 * @throws MalformedBytesError if a length is below that of a header
 */
export function splitBatches(bytes: Uint8Array, batchesMax: number, start = 0, end: number = bytes.length): BatchSplit {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ranges: BatchRange[] = [];
  let at = start;
  while (at < end) {
    if (ranges.length === batchesMax) return { ranges, end: at, rest: "more" };
    if (end - at < batchLengthEnd) return { ranges, end: at, rest: "partial" };
    const next = at + batchLengthEnd + view.getInt32(at + batchField.batchLength);
    if (next - at < batchHeaderBytes) throw new MalformedBytesError(`batch of ${next - at} bytes at ${at}`);
    if (next > end) return { ranges, end: at, rest: "partial" };
    ranges.push({ start: at, end: next });
    at = next;
  }
  return { ranges, end: at, rest: "none" };
}
