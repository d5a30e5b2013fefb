/**
 * Takes records out of a batch of the log, as Kafka's LogCleaner does (`MemoryRecords.filterTo`, KIP-534). Base offset, last
 * offset, leader epoch, producer, sequence and codec stay, and so do the bytes of every record that stays, but for the
 * difference to the batch's time when that becomes a delete horizon.
 */
import { recordHeadersMax } from "../limits.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { Compress } from "./compression-type.ts";
import { crc32c } from "./crc32c.ts";
import {
  attributeBits,
  batchField,
  batchHeaderBytes,
  batchLengthEnd,
  type BatchHeader,
  noTimestamp,
} from "./record-batch.ts";
import { RecordCursor } from "./record-cursor.ts";

export interface BatchFilter {
  /** For each record of the batch, in order, whether it stays; at least one does. */
  readonly kept: readonly boolean[];
  /** The time, in ms, from which on the batch's tombstones may go; undefined to leave it as it is. */
  readonly deleteHorizonMs: number | undefined;
}

/**
 * A new batch of the records that stay.
 *
 * @param batch a whole batch, and `header` as it reads
 * @param plain its records, uncompressed
 * @throws MalformedBytesError if the records do not decode
 */
export function filterBatch(
  batch: Uint8Array,
  header: BatchHeader,
  plain: Uint8Array,
  { kept, deleteHorizonMs }: BatchFilter,
  compress: Compress,
): Uint8Array {
  const baseTimestamp = deleteHorizonMs ?? header.baseTimestamp;
  const out = new ByteWriter(batchHeaderBytes + plain.length);
  out.raw(batch.subarray(0, batchHeaderBytes));
  const cursor = new RecordCursor(plain, recordHeadersMax);
  let records = 0;
  let maxTimestamp: number = noTimestamp;
  for (const isKept of kept) {
    cursor.next();
    if (!isKept) continue;
    const timestamp = header.baseTimestamp + cursor.timestampDelta;
    if (timestamp > maxTimestamp) maxTimestamp = timestamp;
    if (baseTimestamp === header.baseTimestamp) out.raw(plain.subarray(cursor.start, cursor.end));
    else writeMoved(out, cursor, plain, timestamp - baseTimestamp);
    records += 1;
  }
  const filtered = compressed(out.finish(), header, compress);
  const view = new DataView(filtered.buffer, filtered.byteOffset, filtered.byteLength);
  const attributes = view.getInt16(batchField.attributes);
  view.setInt32(batchField.batchLength, filtered.length - batchLengthEnd);
  if (deleteHorizonMs !== undefined) view.setInt16(batchField.attributes, attributes | attributeBits.deleteHorizon);
  view.setBigInt64(batchField.baseTimestamp, BigInt(baseTimestamp));
  // Where the log gave the time, the batch's is that of all its records.
  if (header.timestampType === "CreateTime") view.setBigInt64(batchField.maxTimestamp, BigInt(maxTimestamp));
  view.setInt32(batchField.recordsCount, records);
  view.setUint32(batchField.crc, crc32c(filtered, batchField.attributes));
  return filtered;
}

/** The record with another difference to the batch's time. */
function writeMoved(out: ByteWriter, cursor: RecordCursor, plain: Uint8Array, timestampDelta: number): void {
  const record = new ByteWriter(cursor.end - cursor.start + 8);
  record.i8(0);
  record.varlongSafe(timestampDelta);
  record.varint(cursor.offsetDelta);
  record.raw(plain.subarray(cursor.tailStart, cursor.end));
  const bytes = record.finish();
  out.varint(bytes.length);
  out.raw(bytes);
}

function compressed(bytes: Uint8Array, header: BatchHeader, compress: Compress): Uint8Array {
  if (header.compressionType === "none") return bytes.slice();
  const records = compress(header.compressionType, bytes.subarray(batchHeaderBytes));
  const whole = new Uint8Array(batchHeaderBytes + records.length);
  whole.set(bytes.subarray(0, batchHeaderBytes));
  whole.set(records, batchHeaderBytes);
  return whole;
}
