import { compressionTypes, type CompressionType } from "./compression-type.ts";
import { crc32c } from "./crc32c.ts";
import { MalformedBytesError } from "./malformed-bytes-error.ts";

/**
 * Where each field of a RecordBatch v2 stands (https://kafka.apache.org/documentation/#recordbatch). The CRC covers
 * everything from the attributes on, so base offset and leader epoch change without a new checksum.
 */
export const batchField = {
  baseOffset: 0,
  batchLength: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordsCount: 57,
  records: 61,
} as const;

/** Bytes in front of the records. */
export const batchHeaderBytes: number = batchField.records;
/** Bytes that `batchLength` does not count: itself and what stands before it. */
export const batchLengthEnd: number = batchField.leaderEpoch;
/** `baseTimestamp`, `maxTimestamp` and a record's timestamp where there is none; Kafka's NO_TIMESTAMP. */
export const noTimestamp = -1;

/** Bits of a batch's attributes. */
export const attributeBits = {
  compressionType: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const;

/** Whether a record's timestamp is the producer's or the log's; Kafka's `message.timestamp.type`. */
export type TimestampType = "CreateTime" | "LogAppendTime";

/** The header of a RecordBatch v2. */
export interface BatchHeader {
  readonly baseOffset: number;
  /** Bytes of the whole batch, header included: `batchLength` + 12. */
  readonly sizeBytes: number;
  readonly leaderEpoch: number;
  /** u32 */
  readonly crc: number;
  readonly compressionType: CompressionType;
  readonly timestampType: TimestampType;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  /** Whether `baseTimestamp` is the time, in ms, from which compaction may drop the batch's tombstones (KIP-534). */
  readonly hasDeleteHorizon: boolean;
  /** Offset of the last record, which compaction may have removed, less `baseOffset`. */
  readonly lastOffsetDelta: number;
  /** ms, or -1 */
  readonly baseTimestamp: number;
  /** ms, or -1 */
  readonly maxTimestamp: number;
  /** Below 0 for a producer that is not idempotent. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordsCount: number;
}

/**
 * Reads the header of the batch that starts at `start`. It checks only what it needs to: `validateBatch` checks the rest.
 * @throws MalformedBytesError if the header is cut off, not of magic 2, or has a number out of range
 */
export function readBatchHeader(bytes: Uint8Array, start = 0): BatchHeader {
  if (bytes.length - start < batchHeaderBytes) {
    throw new MalformedBytesError(`${bytes.length - start} bytes hold no batch header`);
  }
  const view = viewOf(bytes);
  const magic = view.getInt8(start + batchField.magic);
  if (magic !== 2) throw new MalformedBytesError(`magic ${magic} is not 2`);
  const sizeBytes = view.getInt32(start + batchField.batchLength) + batchLengthEnd;
  if (sizeBytes < batchHeaderBytes) throw new MalformedBytesError(`batch of ${sizeBytes} bytes`);
  const attributes = view.getInt16(start + batchField.attributes);
  const compressionType = compressionTypes[attributes & attributeBits.compressionType];
  if (compressionType === undefined) throw new MalformedBytesError(`compression type of attributes ${attributes}`);
  return {
    baseOffset: safeNumber(view, start + batchField.baseOffset),
    sizeBytes,
    leaderEpoch: view.getInt32(start + batchField.leaderEpoch),
    crc: view.getUint32(start + batchField.crc),
    compressionType,
    timestampType: (attributes & attributeBits.logAppendTime) === 0 ? "CreateTime" : "LogAppendTime",
    isTransactional: (attributes & attributeBits.transactional) !== 0,
    isControl: (attributes & attributeBits.control) !== 0,
    hasDeleteHorizon: (attributes & attributeBits.deleteHorizon) !== 0,
    lastOffsetDelta: view.getInt32(start + batchField.lastOffsetDelta),
    baseTimestamp: safeNumber(view, start + batchField.baseTimestamp),
    maxTimestamp: safeNumber(view, start + batchField.maxTimestamp),
    producerId: view.getBigInt64(start + batchField.producerId),
    producerEpoch: view.getInt16(start + batchField.producerEpoch),
    baseSequence: view.getInt32(start + batchField.baseSequence),
    recordsCount: view.getInt32(start + batchField.recordsCount),
  };
}

/** The offset of a batch's last record. */
export function lastOffset(header: BatchHeader): number {
  return header.baseOffset + header.lastOffsetDelta;
}

/** A view of the records of the batch that starts at `start`, compressed as its header says. */
export function recordsOf(bytes: Uint8Array, start: number, header: BatchHeader): Uint8Array {
  return bytes.subarray(start + batchHeaderBytes, start + header.sizeBytes);
}

/**
 * Gives the batch at `start` its place in the log, in place; its CRC stays right.
 * @throws RangeError if the offset is not from 0 to 2^53-1, the epoch is no i32, or no header is there
 */
export function rewriteBatchOffsets(bytes: Uint8Array, start: number, baseOffset: number, leaderEpoch: number): void {
  if (!Number.isSafeInteger(baseOffset) || baseOffset < 0) throw new RangeError(`baseOffset ${baseOffset}`);
  if ((leaderEpoch | 0) !== leaderEpoch) throw new RangeError(`leaderEpoch ${leaderEpoch}`);
  const view = viewOf(bytes);
  setSafeNumber(view, start + batchField.baseOffset, baseOffset);
  view.setInt32(start + batchField.leaderEpoch, leaderEpoch);
}

/**
 * A copy of the batch from `start` to before `end` with its place in the log.
 * @throws RangeError as `rewriteBatchOffsets`
 */
export function copyWithOffsets(
  bytes: Uint8Array,
  start: number,
  end: number,
  baseOffset: number,
  leaderEpoch: number,
): Uint8Array {
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  rewriteBatchOffsets(copy, 0, baseOffset, leaderEpoch);
  return copy;
}

/**
 * Sets the timestamp type and the largest timestamp of the batch at `start`, and its new CRC, in place. Kafka does so
 * for topics with LogAppendTime, and where a producer's `maxTimestamp` is not that of its records.
 * @throws RangeError if the timestamp is no whole number up to 2^53-1, or the batch is cut off
 */
export function rewriteMaxTimestamp(
  bytes: Uint8Array,
  start: number,
  timestampType: TimestampType,
  maxTimestamp: number,
): void {
  if (!Number.isSafeInteger(maxTimestamp)) throw new RangeError(`maxTimestamp ${maxTimestamp}`);
  const view = viewOf(bytes);
  const end = start + batchLengthEnd + view.getInt32(start + batchField.batchLength);
  const attributes = view.getInt16(start + batchField.attributes) & ~attributeBits.logAppendTime;
  const typeBit = timestampType === "LogAppendTime" ? attributeBits.logAppendTime : 0;
  view.setInt16(start + batchField.attributes, attributes | typeBit);
  setSafeNumber(view, start + batchField.maxTimestamp, maxTimestamp);
  view.setUint32(start + batchField.crc, crc32c(bytes, start + batchField.attributes, end));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function safeNumber(view: DataView, at: number): number {
  const value = view.getInt32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
  if (!Number.isSafeInteger(value)) throw new MalformedBytesError(`number at ${at} is beyond 2^53-1`);
  return value;
}

function setSafeNumber(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.floor(value / 0x1_0000_0000));
  view.setUint32(at + 4, value >>> 0);
}
