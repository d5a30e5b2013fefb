/**
 * First pass of a compaction, over the part of the log that is not compacted yet: the last offset of each key, and which
 * transactions were aborted. Pure.
 *
 * A transaction's records count when its marker commits them. What it wrote waits for the marker, which the scan may have to
 * look for behind the part that it was made for.
 */
import { decompressedBatchBytesMax, recordHeadersMax } from "../limits.ts";
import type { Decompress } from "../record/compression-type.ts";
import { type BatchHeader, lastOffset, recordsOf } from "../record/record-batch.ts";
import { RecordCursor } from "../record/record-cursor.ts";
import { isCommit } from "../record/transaction-marker.ts";
import { type KeyBounds, KeyOffsets } from "./key-offsets.ts";

export interface ScanBounds extends KeyBounds {
  /** Records of open transactions. */
  readonly pendingMax: number;
}

/** Offsets from a transaction's first batch to its marker. */
interface Interval {
  readonly first: number;
  readonly last: number;
}

interface OpenTransaction {
  readonly first: number;
  /** Entries of the key map, and the offset of each. */
  readonly entries: number[];
  readonly offsets: number[];
}

export class DirtyScan {
  readonly keys: KeyOffsets;
  readonly #bounds: ScanBounds;
  readonly #decompress: Decompress;
  /** By producer id: each has one at a time. */
  readonly #open = new Map<bigint, OpenTransaction>();
  readonly #aborted = new Map<bigint, Interval[]>();
  #pending = 0;

  constructor(bounds: ScanBounds, decompress: Decompress) {
    this.keys = new KeyOffsets(bounds);
    this.#bounds = bounds;
    this.#decompress = decompress;
  }

  /** Base offset of the oldest batch whose transaction has no marker yet; undefined if there is none. */
  get openSince(): number | undefined {
    let first: number | undefined;
    for (const open of this.#open.values()) if (first === undefined || open.first < first) first = open.first;
    return first;
  }

  /**
   * Takes in the batch that follows. False if there was no room for all of its keys: the scan is over then, and the batch
   * counts as not seen.
   *
   * @throws MalformedBytesError | DecompressionError
   */
  add(batch: Uint8Array, header: BatchHeader): boolean {
    if (header.isControl) {
      this.follow(batch, header);
      return true;
    }
    if (header.isTransactional && this.#pending + header.recordsCount > this.#bounds.pendingMax) return false;
    const cursor = new RecordCursor(plainRecords(batch, header, this.#decompress), recordHeadersMax);
    const entries: number[] = [];
    const offsets: number[] = [];
    for (let index = 0; index < header.recordsCount; index += 1) {
      cursor.next();
      const key = cursor.key();
      if (key === null) continue;
      const entry = this.keys.entryOf(key);
      if (entry === undefined) return false;
      entries.push(entry);
      offsets.push(header.baseOffset + cursor.offsetDelta);
    }
    // Only now: of a batch that counts as not seen nothing may take the place of an earlier record.
    if (header.isTransactional) this.#wait(header, entries, offsets);
    else this.#raise(entries, offsets);
    return true;
  }

  /**
   * Looks only at what becomes of transactions that are open.
   *
   * @throws MalformedBytesError
   */
  follow(batch: Uint8Array, header: BatchHeader): void {
    const open = header.isControl ? this.#open.get(header.producerId) : undefined;
    if (open === undefined || header.recordsCount === 0) return;
    const commits = isCommit(header, batch);
    if (commits === undefined) return;
    this.#open.delete(header.producerId);
    this.#pending -= open.entries.length;
    if (commits) {
      this.#raise(open.entries, open.offsets);
      return;
    }
    const intervals = this.#aborted.get(header.producerId) ?? [];
    intervals.push({ first: open.first, last: lastOffset(header) });
    this.#aborted.set(header.producerId, intervals);
  }

  /** Whether the batch is of a transaction that was aborted. */
  isAborted({ producerId, baseOffset, isTransactional }: BatchHeader): boolean {
    const intervals = isTransactional ? this.#aborted.get(producerId) : undefined;
    if (intervals === undefined) return false;
    let low = 0;
    let high = intervals.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((intervals[middle]?.last ?? Infinity) < baseOffset) low = middle + 1;
      else high = middle;
    }
    return (intervals[low]?.first ?? Infinity) <= baseOffset;
  }

  #raise(entries: readonly number[], offsets: readonly number[]): void {
    for (const [index, entry] of entries.entries()) this.keys.raise(entry, offsets[index] ?? 0);
  }

  /** Until the marker of its transaction comes. */
  #wait({ producerId, baseOffset }: BatchHeader, entries: readonly number[], offsets: readonly number[]): void {
    const open = this.#open.get(producerId) ?? { first: baseOffset, entries: [], offsets: [] };
    this.#open.set(producerId, open);
    for (const entry of entries) open.entries.push(entry);
    for (const offset of offsets) open.offsets.push(offset);
    this.#pending += entries.length;
  }
}

/** The records of a batch of the log, uncompressed. @throws DecompressionError */
export function plainRecords(batch: Uint8Array, header: BatchHeader, decompress: Decompress): Uint8Array {
  const stored = recordsOf(batch, 0, header);
  const { compressionType } = header;
  return compressionType === "none" ? stored : decompress(compressionType, stored, decompressedBatchBytesMax);
}
