/**
 * Finds which transactions of a page were aborted. Their markers may stand far behind the page, so it looks on from there:
 *
 *     page's own entries, or segment ──► more entries, or segments ──► ... until every transaction of the page is decided
 *
 * After an entry, or a segment, all transactions that began before its last stable offset are decided. What was found is
 * remembered for the next page. It is immutable, so it can be late but never wrong.
 */
import { catchUpBytesMax, catchUpEntriesMax } from "../limits.ts";
import { abortedKept, markerPagesMax, markerPagesStuckMax, scansKept } from "../limits/partition-transactions.ts";
import { contiguousFrom } from "../log/chain.ts";
import { partitionLogId, segmentsLogId } from "../log/log-id.ts";
import { lastOffset, readBatchHeader } from "../record/record-batch.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { type AbortedTransaction, abortedIn } from "./aborted-transactions.ts";
import { decodeEntryMeta, hasTransactions, stableOffsetAfter } from "./entry-meta.ts";
import type { PartitionName } from "./recover-partition.ts";
import { decodeSegmentDescriptor, type SegmentDescriptor, stableOffsetOf } from "./segment-descriptor.ts";

/** Where a page was read from; it reaches from the page's first offset to its end or further. */
export type PageSource =
  | { readonly kind: "entries"; readonly entries: readonly LogEntry[] }
  | { readonly kind: "segment"; readonly segment: SegmentDescriptor };

export interface Decided {
  /** Up to here every transaction is decided; at most the end of the page. */
  readonly end: number;
  /** Those that overlap the page before `end`, by the offsets of their markers. */
  readonly aborted: readonly AbortedTransaction[];
}

export interface ReadBatches {
  readonly batches: readonly Uint8Array[];
  readonly nextOffset: number;
}

export interface SettledBatches extends ReadBatches {
  readonly aborted: readonly AbortedTransaction[];
}

/** What is known of the log from `start` to `end`. */
interface Scan {
  readonly start: number;
  readonly end: number;
  /** The last stable offset at `end`; 0 where nothing is known yet. */
  readonly stableOffset: number;
  /** Transactions that began here or later may be missing from `aborted`. */
  readonly completeUntil: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Whether `end` is that of a segment. */
  readonly isSealed: boolean;
}

/** Entries or a segment that a scan goes over. */
interface Piece {
  readonly end: number;
  readonly stableOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  readonly isSealed: boolean;
}

export class TransactionScan {
  readonly #storage: Storage;
  readonly #name: PartitionName;
  /** Latest first: consumers read at different places. */
  #scans: readonly Scan[] = [];

  constructor(storage: Storage, name: PartitionName) {
    this.#storage = storage;
    this.#name = name;
  }

  /**
   * What was read from `offset` on, as far as its transactions are decided, and those of them that were aborted.
   *
   * @throws as `decide`
   */
  async settle(read: ReadBatches, offset: number, source: PageSource): Promise<SettledBatches> {
    const { end, aborted } = await this.decide(offset, read.nextOffset, source);
    if (end >= read.nextOffset) return { ...read, aborted };
    const batches = read.batches.filter((batch) => lastOffset(readBatchHeader(batch)) < end);
    return { batches, nextOffset: Math.max(offset, end), aborted };
  }

  /**
   * What is decided of the page from `offset` to `end`. No request if its source decides it all.
   *
   * @throws StorageCorruptError | StorageTimeoutError | StorageThrottledError | StorageUnavailableError
   */
  async decide(offset: number, end: number, source: PageSource): Promise<Decided> {
    if (isPlain(source)) return { end, aborted: [] };
    const known = this.#scans.find((one) => one.start <= offset && offset <= one.end && offset < one.completeUntil);
    let scan = moveOver(known ?? scanFrom(offset), pieceOf(source), offset, end);
    for (let page = 0; Math.min(scan.stableOffset, scan.completeUntil) < end; page += 1) {
      const hasSome = scan.stableOffset > offset;
      if (page >= (hasSome ? markerPagesMax : markerPagesStuckMax)) break;
      if (scan.completeUntil < end && hasSome) break;
      const piece = await this.#pieceAt(scan);
      if (piece === undefined) break;
      scan = moveOver(scan, piece, offset, end);
    }
    this.#scans = [scan, ...this.#scans.filter((one) => one !== known)].slice(0, scansKept);
    const decidedEnd = Math.min(end, scan.stableOffset, scan.completeUntil);
    return { end: decidedEnd, aborted: overlapping(scan.aborted, offset, decidedEnd) };
  }

  /** What comes after a scan; undefined if it is not there, which a range read may make it seem. One or two queries. */
  async #pieceAt({ end, isSealed }: Scan): Promise<Piece | undefined> {
    const find = [() => this.#segmentAt(end), () => this.#entriesAt(end)];
    // What follows a segment is likely sealed, and what follows entries is not.
    if (!isSealed) find.reverse();
    return (await find[0]?.()) ?? (await find[1]?.());
  }

  async #segmentAt(position: number): Promise<Piece | undefined> {
    const { topicId, partition } = this.#name;
    const entry = await this.#storage.logs.readAt(segmentsLogId(topicId, partition), position);
    if (entry === undefined || position >= entry.next) return undefined;
    return pieceOf({ kind: "segment", segment: decodeSegmentDescriptor(entry) });
  }

  async #entriesAt(position: number): Promise<Piece | undefined> {
    const { topicId, partition } = this.#name;
    const limits = { entriesMax: catchUpEntriesMax, bytesMax: catchUpBytesMax };
    const range = await this.#storage.logs.readFrom(partitionLogId(topicId, partition), position, limits);
    const entries = contiguousFrom(range.entries, position);
    return entries.length === 0 ? undefined : pieceOf({ kind: "entries", entries });
  }
}

/** True where nothing belongs to a transaction and none is open: all of it is decided. */
function isPlain(source: PageSource): boolean {
  if (source.kind === "entries") return !source.entries.some(hasTransactions);
  const { segment } = source;
  return segment.firstOpenOffset === undefined && segment.aborted === undefined;
}

function pieceOf(source: PageSource): Piece {
  if (source.kind === "segment") {
    const { segment } = source;
    const { endOffset: end, aborted = [] } = segment;
    return { end, stableOffset: stableOffsetOf(segment), aborted, isSealed: true };
  }
  const aborted = source.entries.flatMap((entry) =>
    hasTransactions(entry) ? abortedIn(entry.position, decodeEntryMeta(entry)) : [],
  );
  const last = source.entries.at(-1);
  const stableOffset = last === undefined ? 0 : stableOffsetAfter(last);
  return { end: last?.next ?? 0, stableOffset, aborted, isSealed: false };
}

function scanFrom(offset: number): Scan {
  return { start: offset, end: offset, stableOffset: 0, completeUntil: Infinity, aborted: [], isSealed: false };
}

/** The scan after a piece that begins at or before its end. */
function moveOver(scan: Scan, piece: Piece, offset: number, pageEnd: number): Scan {
  if (piece.end <= scan.end) return scan;
  const added = piece.aborted.filter(({ lastOffset }) => lastOffset >= scan.end);
  const { end, stableOffset, isSealed } = piece;
  const moved = { ...scan, end, stableOffset, isSealed, aborted: [...scan.aborted, ...added] };
  if (moved.aborted.length <= abortedKept) return moved;
  const ahead = moved.aborted.filter(({ lastOffset }) => lastOffset >= offset);
  if (ahead.length <= abortedKept) return { ...moved, start: offset, aborted: ahead };
  const completeUntil = Math.min(moved.completeUntil, pageEnd);
  const needed = ahead.filter(({ firstOffset }) => firstOffset < completeUntil);
  return { ...moved, start: offset, completeUntil, aborted: needed };
}

function overlapping(aborted: readonly AbortedTransaction[], offset: number, end: number): AbortedTransaction[] {
  return aborted.filter(({ firstOffset, lastOffset }) => firstOffset < end && lastOffset >= offset);
}
