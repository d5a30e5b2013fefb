/**
 * An entry of a partition's segment list: position = base offset, next = end offset, payload = the partition's state at
 * the end (see `encodeTailState`), and this meta:
 *
 *     meta  => version:u8 id:string sizeBytes:varlong entries:varint firstAppendedMs:varlong lastAppendedMs:varlong
 *              maxTimestamp:varlong [index]
 *     index => offset:varint position:varint maxTimestamp:varlong      differences to the one before
 *
 * The index has one row for at least every 64 KiB of the segment, at batch boundaries, the first at the beginning:
 * `position` is the byte at which the batch with base offset `offset` starts, and `maxTimestamp` the largest timestamp
 * before it. So a fetch needs this entry and one ranged read, whatever the segment's size.
 */
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import type { LogEntry } from "../storage/log-store.ts";

export interface SegmentIndexRow {
  /** Base offset of a batch. */
  readonly offset: number;
  /** Byte in the segment at which it starts. */
  readonly position: number;
  /** Largest timestamp in the segment before it; -1 for none. */
  readonly maxTimestamp: number;
}

export interface SegmentDescriptor {
  readonly baseOffset: number;
  /** One past the last offset. */
  readonly endOffset: number;
  /** The random part of the blobs' names. */
  readonly id: string;
  /** Bytes of the `.log` blob. */
  readonly sizeBytes: number;
  /** Hot entries that were joined. */
  readonly entries: number;
  /** Wall clock of the first and the last entry. */
  readonly firstAppendedMs: number;
  readonly lastAppendedMs: number;
  /** -1 for none. */
  readonly maxTimestamp: number;
  readonly index: readonly SegmentIndexRow[];
}

const version = 1;

export function encodeSegmentDescriptor(segment: SegmentDescriptor): Uint8Array {
  const out = new ByteWriter(128 + segment.index.length * 12);
  out.u8(version);
  out.prefixedString(segment.id);
  out.unsignedVarlongSafe(segment.sizeBytes);
  out.unsignedVarint(segment.entries);
  out.unsignedVarlongSafe(segment.firstAppendedMs);
  out.unsignedVarlongSafe(segment.lastAppendedMs);
  out.varlongSafe(segment.maxTimestamp);
  out.unsignedVarint(segment.index.length);
  let before: SegmentIndexRow = { offset: segment.baseOffset, position: 0, maxTimestamp: -1 };
  for (const row of segment.index) {
    out.unsignedVarlongSafe(row.offset - before.offset);
    out.unsignedVarlongSafe(row.position - before.position);
    // The difference of -1 and the largest timestamp is no safe number.
    out.varlong(BigInt(row.maxTimestamp) - BigInt(before.maxTimestamp));
    before = row;
  }
  return out.finish();
}

/** @throws StorageCorruptError if the entry does not decode */
export function decodeSegmentDescriptor(entry: LogEntry): SegmentDescriptor {
  try {
    const from = new ByteReader(entry.meta);
    const found = from.u8();
    if (found !== version) throw new MalformedBytesError(`descriptor version ${found}`);
    const id = from.prefixedString();
    const sizeBytes = from.unsignedVarlongSafe();
    const entries = from.unsignedVarint();
    const firstAppendedMs = from.unsignedVarlongSafe();
    const lastAppendedMs = from.unsignedVarlongSafe();
    const maxTimestamp = from.varlongSafe();
    const rows = from.unsignedVarint();
    const index: SegmentIndexRow[] = [];
    let before: SegmentIndexRow = { offset: entry.position, position: 0, maxTimestamp: -1 };
    for (let row = 0; row < rows; row += 1) {
      before = {
        offset: before.offset + from.unsignedVarlongSafe(),
        position: before.position + from.unsignedVarlongSafe(),
        maxTimestamp: Number(BigInt(before.maxTimestamp) + from.varlong()),
      };
      index.push(before);
    }
    from.expectEnd();
    return {
      baseOffset: entry.position,
      endOffset: entry.next,
      id,
      sizeBytes,
      entries,
      firstAppendedMs,
      lastAppendedMs,
      maxTimestamp,
      index,
    };
  } catch (cause) {
    if (!(cause instanceof MalformedBytesError)) throw cause;
    throw new StorageCorruptError(`descriptor of ${entry.logId}@${entry.position} does not decode`, { cause });
  }
}
