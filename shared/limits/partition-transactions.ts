/** Limits of transactions inside one partition. */

/** Transactions open at a time in one partition: about 150 KB in every copy of the producer table. Kafka has no bound. */
export const openTransactionsMax = 10_000;
/**
 * How long a partition remembers at least who has ended a transaction: a process takes one that it has asked for for open as
 * long as the longest time-out, 1 h, and a frozen function comes back within 15 minutes.
 */
export const fenceKeptMs = 2 * 3_600_000;
/** How many of them it remembers beside the other producers: each takes about 16 bytes of the table. */
export const fencesPerPartitionMax = 40_000;
/** Aborted transactions of one segment, after which the next one begins: about 15 KB in its list entry. */
export const segmentAbortedMax = 1_000;
/** Aborted transactions that a reader remembers for one place that is read, and such places: about 500 KB together. */
export const abortedKept = 2_000;
export const scansKept = 4;
/** Pages of entries, or segments, that a committed read looks through for markers while it has something to serve. */
export const markerPagesMax = 4;
/** The same while it has nothing: 256 MB of hot entries behind a transaction's first record. The next read goes on from there. */
export const markerPagesStuckMax = 256;
