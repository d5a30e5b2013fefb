/** Aborted transactions as entries tell of them, and the index of them that Kafka keeps beside a segment. */
import { ByteWriter } from "../record/byte-writer.ts";
import type { EntryMeta } from "./entry-meta.ts";
import type { OpenTransactions } from "./open-transactions.ts";
import { applyTransaction } from "./partition-state.ts";

export interface AbortedTransaction {
  readonly producerId: bigint;
  /** Base offset of its first batch. */
  readonly firstOffset: number;
  /** Offset of its marker. */
  readonly lastOffset: number;
}

export interface IndexedTransaction extends AbortedTransaction {
  /** The last stable offset right after its marker. */
  readonly lastStableOffset: number;
}

const indexVersion = 0;
const indexRowBytes = 34;

/** Those whose markers are in the entry that begins at `position`, in their order. */
export function abortedIn(position: number, { batches }: EntryMeta): AbortedTransaction[] {
  const aborted: AbortedTransaction[] = [];
  let baseOffset = position;
  for (const { producer, transaction, recordCount } of batches) {
    if (transaction?.kind === "abort" && transaction.firstOffset !== undefined && producer !== undefined) {
      const { producerId } = producer;
      aborted.push({ producerId, firstOffset: transaction.firstOffset, lastOffset: baseOffset });
    }
    baseOffset += recordCount;
  }
  return aborted;
}

/** As `abortedIn`. @param open before the entry, which it is moved over */
export function indexAborted(open: OpenTransactions, position: number, meta: EntryMeta): IndexedTransaction[] {
  const stableAfter = new Map<number, number>();
  let baseOffset = position;
  for (const batch of meta.batches) {
    applyTransaction(open, batch, baseOffset);
    if (batch.transaction?.kind === "abort") stableAfter.set(baseOffset, open.firstOffset ?? baseOffset + 1);
    baseOffset += batch.recordCount;
  }
  return abortedIn(position, meta).map((one) => ({
    ...one,
    lastStableOffset: stableAfter.get(one.lastOffset) ?? one.lastOffset + 1,
  }));
}

/**
 * A segment's `.txnindex` file (Kafka, `AbortedTxn`):
 *
 *     index => [version:i16 = 0 producerId:i64 firstOffset:i64 lastOffset:i64 lastStableOffset:i64]
 */
export function encodeTransactionIndex(rows: readonly IndexedTransaction[]): Uint8Array {
  const out = new ByteWriter(rows.length * indexRowBytes);
  for (const { producerId, firstOffset, lastOffset, lastStableOffset } of rows) {
    out.i16(indexVersion);
    out.i64(producerId);
    out.i64Safe(firstOffset);
    out.i64Safe(lastOffset);
    out.i64Safe(lastStableOffset);
  }
  return out.finish();
}
