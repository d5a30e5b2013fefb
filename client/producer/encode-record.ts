import { recordHeadersMax } from "../../shared/limits.ts";
import type { RecordInput } from "../../shared/record/encode-batch.ts";
import { headerList } from "../produced-record.ts";
import type { ProducedRecord } from "../produced-record.ts";
import type { RecordBytes } from "../record-bytes.ts";

/** A record as bytes, with what it takes in a batch at most. */
export interface EncodedRecord {
  readonly record: RecordInput & { readonly timestamp: number };
  /** Chosen by the caller. */
  readonly partition: number | undefined;
  readonly sizeBytes: number;
}

/** Lengths, deltas and attributes of a record, each as long as it can be in a batch of 8 MiB. */
const recordOverheadBytes = 30;
const headerOverheadBytes = 8;

/**
 * Encodes a record; its timestamp is `nowMs` if it has none.
 *
 * @throws RangeError for a partition, a timestamp or headers that cannot be
 */
export function encodeRecord(record: ProducedRecord, nowMs: number): EncodedRecord {
  const { partition, timestamp = nowMs } = record;
  if (partition !== undefined && (!Number.isSafeInteger(partition) || partition < 0)) {
    throw new RangeError(`partition ${partition} is not a whole number from 0 on`);
  }
  if (!Number.isSafeInteger(timestamp) || timestamp < 0) {
    throw new RangeError(`timestamp ${timestamp} is not a whole number from 0 on`);
  }
  const key = bytesOf(record.key ?? null);
  const value = bytesOf(record.value);
  let sizeBytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  if (record.headers === undefined) return { record: { key, value, timestamp }, partition, sizeBytes };
  const list = headerList(record.headers);
  if (list.length > recordHeadersMax) throw new RangeError(`${list.length} headers, ${recordHeadersMax} allowed`);
  const headers = list.map((header) => ({ key: header.key, value: bytesOf(header.value) }));
  for (const header of headers) {
    if (!header.key.isWellFormed()) throw new RangeError("a header's key is not well-formed text");
    sizeBytes += headerOverheadBytes + Buffer.byteLength(header.key) + (header.value?.length ?? 0);
  }
  return { record: { key, value, timestamp, headers }, partition, sizeBytes };
}

function bytesOf(bytes: RecordBytes | null): Uint8Array | null {
  return typeof bytes === "string" ? Buffer.from(bytes) : bytes;
}
