/**
 * Second pass of a compaction: what stays of each batch, in the order of the log (Kafka, `Cleaner.cleanInto`; KIP-534). Pure.
 *
 *     record of an aborted transaction, or without a key ─► goes
 *     record that a later one of its key replaces        ─► goes
 *     tombstone        ─► its batch gets a delete horizon at the first cleaning, and it goes at the first one after that
 *     marker           ─► the same, from the first cleaning on that finds no record of its transaction
 */
import { entryPayloadBytesMax, recordHeadersMax } from "../limits.ts";
import type { Compress, Decompress } from "../record/compression-type.ts";
import { filterBatch } from "../record/filter-batch.ts";
import type { BatchHeader } from "../record/record-batch.ts";
import { RecordCursor } from "../record/record-cursor.ts";
import { isCommit } from "../record/transaction-marker.ts";
import { type DirtyScan, plainRecords } from "./dirty-scan.ts";

export interface Codecs {
  readonly compress: Compress;
  readonly decompress: Decompress;
}

export interface CleanerOptions extends Codecs {
  readonly scan: Pick<DirtyScan, "keys" | "isAborted">;
  /** Wall clock at the beginning of the run. */
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
}

export class BatchCleaner {
  readonly #options: CleanerOptions;
  readonly #horizonMs: number;
  /** Producers of whose present transaction the log held records. */
  readonly #withRecords = new Set<bigint>();
  #earliestHorizonMs = Infinity;

  constructor(options: CleanerOptions) {
    this.#options = options;
    this.#horizonMs = Math.min(options.nowMs + options.deleteRetentionMs, Number.MAX_SAFE_INTEGER);
  }

  /** When the first of the tombstones and markers that stayed may go; Infinity if none did. */
  get earliestHorizonMs(): number {
    return this.#earliestHorizonMs;
  }

  /**
   * The batch as it is, a smaller one, or undefined if nothing of it stays. Takes the batches in their order.
   *
   * @throws MalformedBytesError | DecompressionError
   */
  clean(batch: Uint8Array, header: BatchHeader): Uint8Array | undefined {
    if (header.recordsCount === 0) return undefined;
    if (header.isControl) return this.#cleanMarker(batch, header);
    if (header.isTransactional) this.#withRecords.add(header.producerId);
    if (this.#options.scan.isAborted(header)) return undefined;
    const plain = plainRecords(batch, header, this.#options.decompress);
    const { kept, count, tombstones } = this.#choose(header, plain);
    if (count === 0) return undefined;
    const needsHorizon = tombstones > 0 && !header.hasDeleteHorizon;
    if (tombstones > 0) this.#noteHorizon(header);
    if (count === header.recordsCount && !needsHorizon) return batch;
    return this.#filtered(batch, header, plain, kept, needsHorizon);
  }

  #cleanMarker(batch: Uint8Array, header: BatchHeader): Uint8Array | undefined {
    if (isCommit(header, batch) === undefined || this.#withRecords.delete(header.producerId)) return batch;
    if (this.#isOver(header)) return undefined;
    this.#noteHorizon(header);
    if (header.hasDeleteHorizon) return batch;
    return this.#filtered(batch, header, plainRecords(batch, header, this.#options.decompress), [true], true);
  }

  #choose(
    header: BatchHeader,
    plain: Uint8Array,
  ): { readonly kept: readonly boolean[]; readonly count: number; readonly tombstones: number } {
    const cursor = new RecordCursor(plain, recordHeadersMax);
    const isOver = this.#isOver(header);
    const kept: boolean[] = [];
    let count = 0;
    let tombstones = 0;
    for (let index = 0; index < header.recordsCount; index += 1) {
      cursor.next();
      const key = cursor.key();
      const isTombstone = cursor.valueLength < 0;
      const isLast = key !== null && header.baseOffset + cursor.offsetDelta >= this.#options.scan.keys.offsetOf(key);
      const isKept = isLast && !(isTombstone && isOver);
      kept.push(isKept);
      if (!isKept) continue;
      count += 1;
      if (isTombstone) tombstones += 1;
    }
    return { kept, count, tombstones };
  }

  #isOver({ hasDeleteHorizon, baseTimestamp }: BatchHeader): boolean {
    return hasDeleteHorizon && baseTimestamp <= this.#options.nowMs;
  }

  #noteHorizon({ hasDeleteHorizon, baseTimestamp }: BatchHeader): void {
    const horizonMs = hasDeleteHorizon ? baseTimestamp : this.#horizonMs;
    if (horizonMs < this.#earliestHorizonMs) this.#earliestHorizonMs = horizonMs;
  }

  #filtered(
    batch: Uint8Array,
    header: BatchHeader,
    plain: Uint8Array,
    kept: readonly boolean[],
    needsHorizon: boolean,
  ): Uint8Array {
    const filter = { kept, deleteHorizonMs: needsHorizon ? this.#horizonMs : undefined };
    const filtered = filterBatch(batch, header, plain, filter, this.#options.compress);
    // Our level of a codec, or times far from each other, may make more of it than a reader takes; whole it is right too.
    return filtered.length > entryPayloadBytesMax ? batch : filtered;
  }
}
