import { ByteWriter } from "./byte-writer.ts";
import { compressionTypes, type Compress, type CompressionType } from "./compression-type.ts";
import { crc32c } from "./crc32c.ts";
import {
  attributeBits,
  batchField,
  batchHeaderBytes,
  batchLengthEnd,
  noTimestamp,
  type TimestampType,
} from "./record-batch.ts";
import type { RecordHeader } from "./record-cursor.ts";

/** A record to be encoded. */
export interface RecordInput {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
  /** ms; the batch's `baseTimestamp` if left out */
  readonly timestamp?: number;
  /** The record's index if left out; compaction leaves gaps. */
  readonly offsetDelta?: number;
}

/** A batch to be encoded. What is left out is as a producer that is not idempotent sends it. */
export interface BatchInput {
  readonly records: readonly RecordInput[];
  readonly compressionType?: CompressionType;
  readonly baseOffset?: number;
  readonly leaderEpoch?: number;
  /** ms; the first record's timestamp, or -1, if left out */
  readonly baseTimestamp?: number;
  /** ms; the largest of the records' timestamps if left out */
  readonly maxTimestamp?: number;
  readonly timestampType?: TimestampType;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
  /** Says that `baseTimestamp` is a delete horizon (KIP-534). */
  readonly hasDeleteHorizon?: boolean;
  readonly producerId?: bigint;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  /** That of the last record if left out; needed for a batch that compaction has emptied. */
  readonly lastOffsetDelta?: number;
}

/** What a record without headers takes beside its key and value, nearly always. */
const recordCapacityBytes = 20;
const utf8 = new TextEncoder();

interface EncodedHeader {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

const noHeaders: readonly EncodedHeader[] = [];

/**
 * Encodes a RecordBatch v2. `compress` is called only for a compression type other than "none".
 * @throws RangeError for a number that its field cannot hold, offset deltas that do not ascend, a batch without both
 *   records and `lastOffsetDelta`, or a header key that is not well-formed text
 */
export function encodeBatch(batch: BatchInput, compress: Compress): Uint8Array {
  const { records, compressionType = "none" } = batch;
  const baseTimestamp = batch.baseTimestamp ?? records[0]?.timestamp ?? noTimestamp;
  const writer = new ByteWriter(batchHeaderBytes + estimateBytes(records));
  writer.reserve(batchHeaderBytes);
  let maxTimestamp = noTimestamp;
  let lastDelta = -1;
  for (const [index, record] of records.entries()) {
    const timestamp = record.timestamp ?? baseTimestamp;
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    const delta = record.offsetDelta ?? index;
    if (delta <= lastDelta) throw new RangeError(`offset delta ${delta} after ${lastDelta}`);
    lastDelta = delta;
    writeRecord(writer, record, timestamp - baseTimestamp, delta);
  }
  const lastOffsetDelta = batch.lastOffsetDelta ?? lastDelta;
  if (lastOffsetDelta < 0 || lastOffsetDelta < lastDelta) throw new RangeError(`last offset delta ${lastOffsetDelta}`);
  const plain = writer.finish();
  const bytes = compressionType === "none" ? plain : withCompressedRecords(plain, compressionType, compress);
  const header = new ByteWriter(batchHeaderBytes);
  header.i64Safe(batch.baseOffset ?? 0);
  header.i32(bytes.length - batchLengthEnd);
  header.i32(batch.leaderEpoch ?? -1);
  header.i8(2);
  header.u32(0);
  header.i16(attributesOf(batch));
  header.i32(lastOffsetDelta);
  header.i64Safe(baseTimestamp);
  header.i64Safe(batch.maxTimestamp ?? maxTimestamp);
  header.i64(batch.producerId ?? -1n);
  header.i16(batch.producerEpoch ?? -1);
  header.i32(batch.baseSequence ?? -1);
  header.i32(records.length);
  bytes.set(header.finish());
  const crc = crc32c(bytes, batchField.attributes);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(batchField.crc, crc);
  return bytes;
}

function withCompressedRecords(plain: Uint8Array, type: CompressionType, compress: Compress): Uint8Array {
  const compressed = compress(type, plain.subarray(batchHeaderBytes));
  const bytes = new Uint8Array(batchHeaderBytes + compressed.length);
  bytes.set(compressed, batchHeaderBytes);
  return bytes;
}

function attributesOf(batch: BatchInput): number {
  return (
    compressionTypes.indexOf(batch.compressionType ?? "none") |
    (batch.timestampType === "LogAppendTime" ? attributeBits.logAppendTime : 0) |
    (batch.isTransactional === true ? attributeBits.transactional : 0) |
    (batch.isControl === true ? attributeBits.control : 0) |
    (batch.hasDeleteHorizon === true ? attributeBits.deleteHorizon : 0)
  );
}

/** Enough for all records that have no headers, so that the buffer is allocated once. */
function estimateBytes(records: readonly RecordInput[]): number {
  let bytes = 0;
  for (const { key, value } of records) bytes += recordCapacityBytes + (key?.length ?? 0) + (value?.length ?? 0);
  return bytes;
}

function writeRecord(writer: ByteWriter, record: RecordInput, timestampDelta: number, offsetDelta: number): void {
  const headers = record.headers === undefined || record.headers.length === 0 ? noHeaders : encodeKeys(record.headers);
  let length = 1 + varlongBytes(timestampDelta) + varlongBytes(offsetDelta) + varlongBytes(headers.length);
  length += prefixedLength(record.key) + prefixedLength(record.value);
  for (const { key, value } of headers) length += prefixedLength(key) + prefixedLength(value);
  writer.varint(length);
  writer.i8(0);
  writer.varlongSafe(timestampDelta);
  writer.varint(offsetDelta);
  writeNullable(writer, record.key);
  writeNullable(writer, record.value);
  writer.varint(headers.length);
  for (const { key, value } of headers) {
    writeNullable(writer, key);
    writeNullable(writer, value);
  }
}

function encodeKeys(headers: readonly RecordHeader[]): EncodedHeader[] {
  return headers.map(({ key, value }) => {
    if (!key.isWellFormed()) throw new RangeError("header key holds half a surrogate pair, which UTF-8 cannot");
    return { key: utf8.encode(key), value };
  });
}

function writeNullable(writer: ByteWriter, bytes: Uint8Array | null): void {
  if (bytes === null) {
    writer.varint(-1);
    return;
  }
  writer.varint(bytes.length);
  writer.raw(bytes);
}

function prefixedLength(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varlongBytes(bytes.length) + bytes.length;
}

/** Bytes of a zigzag varlong of a safe whole number. */
function varlongBytes(value: number): number {
  // The zigzag form has one bit more, so the first byte holds 6 bits of the magnitude.
  if (value >= -64 && value < 64) return 1;
  if (value >= -8_192 && value < 8_192) return 2;
  let bytes = 2;
  let rest = Math.floor((value < 0 ? -value - 1 : value) / 8_192);
  for (; rest > 0; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
