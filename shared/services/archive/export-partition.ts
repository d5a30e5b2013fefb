/**
 * What of a partition goes into an archive: the batches from the start of its log to its end at their offsets, without
 * markers and without what was aborted. A transaction that is open counts as aborted: no one was told that it is committed.
 *
 *     start ─── read committed ───► last stable offset ─── looked at for markers, then read again ───► end
 */
import { archiveAbortedMax, archiveBatchBytesTarget } from "../../limits/archive.ts";
import type { AbortedTransaction } from "../../partition/aborted-transactions.ts";
import { PartitionReader, type PartitionRead, type ReadIsolation } from "../../partition/partition-reader.ts";
import type { PartitionName } from "../../partition/recover-partition.ts";
import { readBatchHeader } from "../../record/record-batch.ts";
import { isCommit } from "../../record/transaction-marker.ts";
import { StorageCorruptError } from "../../storage/errors.ts";
import type { Storage } from "../../storage/storage.ts";
import { committedBatches } from "../committed-batches.ts";

export interface PartitionBounds {
  readonly logStartOffset: number;
  readonly endOffset: number;
}

export class PartitionExport {
  readonly #reader: PartitionReader;
  readonly #what: string;

  constructor(storage: Storage, name: PartitionName) {
    this.#reader = new PartitionReader(storage, name);
    this.#what = `${name.topicId}/${name.partition}`;
  }

  /** @throws what the store throws */
  async bounds(): Promise<PartitionBounds> {
    const logStartOffset = await this.#reader.logStartOffset();
    return { logStartOffset, endOffset: Math.max(logStartOffset, await this.#reader.highWatermark()) };
  }

  /**
   * In the order of their offsets, some at a time.
   *
   * @throws StorageCorruptError, and what else the store throws
   */
  async *batches({ logStartOffset, endOffset }: PartitionBounds): AsyncGenerator<readonly Uint8Array[], void> {
    const stableOffset = Math.min(endOffset, await this.#reader.lastStableOffset());
    for await (const read of this.#read(logStartOffset, stableOffset, "read_committed")) {
      yield committedBatches(read.batches, read.aborted);
    }
    if (stableOffset >= endOffset) return;
    const aborted = await this.#abortedFrom(stableOffset, endOffset);
    for await (const { batches } of this.#read(stableOffset, endOffset, "read_uncommitted")) {
      yield committedBatches(batches, aborted);
    }
  }

  /** No transaction that is open at the last stable offset began before it. */
  async #abortedFrom(offset: number, endOffset: number): Promise<readonly AbortedTransaction[]> {
    const open = new Map<bigint, number>();
    const aborted: AbortedTransaction[] = [];
    for await (const { batches } of this.#read(offset, endOffset, "read_uncommitted")) {
      for (const batch of batches) {
        const header = readBatchHeader(batch);
        if (!header.isTransactional) continue;
        const { producerId, baseOffset, isControl } = header;
        const firstOffset = open.get(producerId);
        if (!isControl) {
          if (firstOffset === undefined) open.set(producerId, baseOffset);
          continue;
        }
        open.delete(producerId);
        if (firstOffset === undefined || isCommit(header, batch) !== false) continue;
        aborted.push({ producerId, firstOffset, lastOffset: baseOffset });
        if (aborted.length > archiveAbortedMax) throw new StorageCorruptError(`${this.#what} has too many open ends`);
      }
    }
    return [
      ...aborted,
      ...[...open].map(([producerId, firstOffset]) => ({ producerId, firstOffset, lastOffset: endOffset })),
    ];
  }

  async *#read(start: number, end: number, isolation: ReadIsolation): AsyncGenerator<PartitionRead, void> {
    let offset = start;
    while (offset < end) {
      const limits = { bytesMax: archiveBatchBytesTarget, recordsMax: Infinity, endOffset: end };
      const read = await this.#reader.read(offset, limits, isolation);
      if (read.kind === "out of range") {
        // Retention went on meanwhile: what it took is no longer anybody's.
        if (read.logStartOffset <= offset) throw new StorageCorruptError(`${this.#what} has no offset ${offset}`);
        offset = read.logStartOffset;
        continue;
      }
      if (read.nextOffset <= offset) {
        throw new StorageCorruptError(`${this.#what} cannot be read from ${offset} to ${end}`);
      }
      // A committed read goes as far as is stable by now.
      yield { ...read, batches: read.batches.filter((batch) => readBatchHeader(batch).baseOffset < end) };
      offset = read.nextOffset;
    }
  }
}
