import { batchRecordsMax, recordHeadersMax } from "../limits.ts";
import { MalformedBytesError } from "./malformed-bytes-error.ts";
import type { BatchHeader } from "./record-batch.ts";
import { RecordCursor, type RecordHeader } from "./record-cursor.ts";

/** A record of a batch. Key, value and headers are views of the batch's bytes, not copies. */
export interface RecordView {
  /** The record's offset less the batch's `baseOffset`. */
  readonly offsetDelta: number;
  /** ms after the batch's `baseTimestamp`; see `recordTimestamp`. */
  readonly timestampDelta: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

/**
 * Yields the records of a batch from its uncompressed bytes. With `strict`, offset deltas must run from 0 to n-1 as in a
 * batch that was just produced; without it they only have to ascend, as after compaction.
 * @throws MalformedBytesError at the first record that does not fit, or at the end for bytes that are left over
 */
export function* decodeRecords(
  header: BatchHeader,
  records: Uint8Array,
  options: { readonly strict?: boolean } = {},
): Generator<RecordView, void, undefined> {
  if (header.recordsCount < 0 || header.recordsCount > batchRecordsMax) {
    throw new MalformedBytesError(`batch of ${header.recordsCount} records, ${batchRecordsMax} allowed`);
  }
  const cursor = new RecordCursor(records, recordHeadersMax);
  let previousDelta = -1;
  for (let index = 0; index < header.recordsCount; index += 1) {
    cursor.next();
    checkOffsetDelta(cursor.offsetDelta, previousDelta, header, options.strict === true);
    previousDelta = cursor.offsetDelta;
    yield {
      offsetDelta: cursor.offsetDelta,
      timestampDelta: cursor.timestampDelta,
      key: cursor.key(),
      value: cursor.value(),
      headers: cursor.headers(),
    };
  }
  if (cursor.remaining > 0) throw new MalformedBytesError(`${cursor.remaining} bytes behind the last record`);
}

/** The timestamp of a record in ms, -1 for none: its own, or the batch's where the log gave it. */
export function recordTimestamp(header: BatchHeader, record: { readonly timestampDelta: number }): number {
  return header.timestampType === "LogAppendTime" ? header.maxTimestamp : header.baseTimestamp + record.timestampDelta;
}

/**
 * Checks that a record's offset delta may follow that of the record before it (-1 for the first).
 * @throws MalformedBytesError if it may not
 */
export function checkOffsetDelta(delta: number, previous: number, header: BatchHeader, strict: boolean): void {
  const fits = strict ? delta === previous + 1 : delta > previous && delta <= header.lastOffsetDelta;
  if (!fits) throw new MalformedBytesError(`offset delta ${delta} after ${previous}`);
}
