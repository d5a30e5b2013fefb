/**
 * An entry of a partition's segment list: position = base offset, next = end offset, payload = the partition's state at
 * the end (see `encodeTailState`), and this meta:
 *
 *     meta  => version:u8 id:string sizeBytes:varlong entries:varint firstAppendedMs:varlong lastAppendedMs:varlong
 *              maxTimestamp:varlong [index] (hasOpen:boolean [openFor:varlong] [aborted])?
 *     index => offset:varint position:varint maxTimestamp:varlong      differences to the one before
 *     aborted => producerId:varlong beforeEnd:varlong offsets:varlong
 *
 * The index has one row for at least every 64 KiB of the segment, at batch boundaries, the first at the beginning:
 * `position` is the byte at which the batch with base offset `offset` starts, and `maxTimestamp` the largest timestamp
 * before it. The last part is only in version 2, and only segments that need it have that: `openFor` counts the offsets from
 * the oldest open transaction's first to the segment's end, `beforeEnd` those from an aborted one's marker to the end, and
 * `offsets` those from its first to its marker. So a fetch needs this entry and one ranged read, whatever the segment's size.
 */
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { AbortedTransaction } from "./aborted-transactions.ts";

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
  /** First offset of the oldest transaction that is open at the end; absent if none is. */
  readonly firstOpenOffset?: number;
  /** Transactions whose abort markers are in the segment, in the order of the markers; absent if there are none. */
  readonly aborted?: readonly AbortedTransaction[];
}

const plainVersion = 1;
const transactionalVersion = 2;

/** The last stable offset at the end of the segment. */
export function stableOffsetOf({ firstOpenOffset, endOffset }: SegmentDescriptor): number {
  return firstOpenOffset ?? endOffset;
}

/** The same by the segment's entry, which is decoded only where it has to be. @throws StorageCorruptError */
export function stableOffsetAtEnd(entry: LogEntry): number {
  return entry.meta[0] === plainVersion ? entry.next : stableOffsetOf(decodeSegmentDescriptor(entry));
}

export function encodeSegmentDescriptor(segment: SegmentDescriptor): Uint8Array {
  const out = new ByteWriter(128 + segment.index.length * 12);
  const { aborted = [], firstOpenOffset } = segment;
  const isTransactional = aborted.length > 0 || firstOpenOffset !== undefined;
  out.u8(isTransactional ? transactionalVersion : plainVersion);
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
  if (isTransactional) writeTransactions(out, segment);
  return out.finish();
}

function writeTransactions(out: ByteWriter, { endOffset, firstOpenOffset, aborted = [] }: SegmentDescriptor): void {
  out.boolean(firstOpenOffset !== undefined);
  if (firstOpenOffset !== undefined) out.unsignedVarlongSafe(endOffset - firstOpenOffset);
  out.unsignedVarint(aborted.length);
  for (const { producerId, firstOffset, lastOffset } of aborted) {
    out.varlong(producerId);
    out.unsignedVarlongSafe(endOffset - lastOffset);
    out.unsignedVarlongSafe(lastOffset - firstOffset);
  }
}

function readTransactions(from: ByteReader, endOffset: number): Pick<SegmentDescriptor, "firstOpenOffset" | "aborted"> {
  const open = from.boolean() ? { firstOpenOffset: safe(endOffset - from.unsignedVarlongSafe(), "offset") } : {};
  const count = from.unsignedVarint();
  const aborted: AbortedTransaction[] = [];
  for (let index = 0; index < count; index += 1) {
    const producerId = from.varlong();
    const lastOffset = safe(endOffset - from.unsignedVarlongSafe(), "offset");
    aborted.push({ producerId, firstOffset: safe(lastOffset - from.unsignedVarlongSafe(), "offset"), lastOffset });
  }
  return { ...open, ...(count === 0 ? {} : { aborted }) };
}

/** Sums and differences of safe numbers need not be. */
function safe(value: number, what: string): number {
  if (!Number.isSafeInteger(value) || value < -1) throw new MalformedBytesError(`the ${what} ${value}`);
  return value;
}

/** @throws StorageCorruptError if the entry does not decode */
export function decodeSegmentDescriptor(entry: LogEntry): SegmentDescriptor {
  try {
    const from = new ByteReader(entry.meta);
    const version = from.u8();
    if (version !== plainVersion && version !== transactionalVersion) {
      throw new MalformedBytesError(`descriptor version ${version}`);
    }
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
        offset: safe(before.offset + from.unsignedVarlongSafe(), "offset"),
        position: safe(before.position + from.unsignedVarlongSafe(), "position"),
        maxTimestamp: safe(Number(BigInt(before.maxTimestamp) + from.varlong()), "timestamp"),
      };
      index.push(before);
    }
    const transactions = version === plainVersion ? {} : readTransactions(from, entry.next);
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
      ...transactions,
    };
  } catch (cause) {
    if (!(cause instanceof MalformedBytesError)) throw cause;
    throw new StorageCorruptError(`descriptor of ${entry.logId}@${entry.position} does not decode`, { cause });
  }
}
