/** What of fetched batches a consumer is given that reads committed (Kafka, `CompletedFetch.nextFetchedRecord`). */
import type { AbortedTransaction } from "../partition/aborted-transactions.ts";
import { type BatchHeader, readBatchHeader } from "../record/record-batch.ts";

/** Whether the batch is of one of the transactions. */
export function isAborted(header: BatchHeader, aborted: readonly AbortedTransaction[]): boolean {
  const { isTransactional, producerId, baseOffset } = header;
  return (
    isTransactional &&
    aborted.some(
      (one) => one.producerId === producerId && one.firstOffset <= baseOffset && baseOffset <= one.lastOffset,
    )
  );
}

/** The batches without those of aborted transactions, and without markers. */
export function committedBatches(
  batches: readonly Uint8Array[],
  aborted: readonly AbortedTransaction[],
): readonly Uint8Array[] {
  return batches.filter((batch) => {
    const header = readBatchHeader(batch);
    return !header.isControl && !isAborted(header, aborted);
  });
}
