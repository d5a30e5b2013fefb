/** Limits of transactions, each with its reason. Units stand at the end of the names. */

/** Kafka's clients bound it nowhere, its groups and topics by this: the id is a sort key. */
export const transactionalIdCharsMax = 249;
/** Kafka's default of `transaction.timeout.ms`, and the most that Flink's sink asks for (1 h); Kafka's own bound is 15 min. */
export const transactionTimeoutMsDefault = 60_000;
export const transactionTimeoutMsMax = 3_600_000;
/** One call is answered within 30 s: what is open longer has lost its process. */
export const atomicWriteTimeoutMs = 40_000;
/** Producers that one process keeps for writes in one call: as many as it serves at the same time. */
export const idleProducersMax = 1_000;
/** Partitions and groups of one transaction: each costs its end a put, 16 at a time, so 1,000 take about 1 s. */
export const transactionPartitionsMax = 1_000;
export const transactionGroupsMax = 100;
/** Partitions and groups as the item holds them: half of DynamoDB's largest item. */
export const transactionListCharsMax = 150_000;
/** Highest epoch that a producer is given (Kafka's Short.MAX_VALUE - 1): the marker after it still fits 16 bits. */
export const producerEpochMax = 32_766;
/** Highest epoch of a transaction whose client keeps its own: at 30 transactions a second it takes two years. */
export const keptEpochMax = 2_000_000_000;

/** Markers that one ending writes at the same time: a round of them takes about 8 ms on DynamoDB. */
export const markersAtOnce = 16;
/** Times that one marker is tried before the rest is left to who comes next: about 5 s of back-off. */
export const markerTriesMax = 7;
export const markerBackoffMsMin = 50;
export const markerBackoffMsMax = 2_000;
/** Times that the records or offsets of a write in one call are tried before it is aborted: its caller waits. */
export const appendTriesMax = 3;
/** Times that a change is decided anew because another one came first; callers of one process take turns. */
export const transactionChangesMax = 30;
/** Times that the same change is sent before its outcome is reported unknown. */
export const transactionTriesMax = 4;
/** Rounds of taking over an id before its caller is told that others do the same. */
export const takeoversMax = 8;

/** A process that ends a transaction needs seconds; a decision older than this has lost its process. */
export const decidedAgeMsMax = 10_000;
/** When a transaction is looked at again that could not be finished. */
export const transactionRetryMs = 1_000;
/** Clocks may differ by this: a transaction is over its time only after it. */
export const transactionSkewMs = 250;

/** A transactional id that was not used for so long is forgotten; Kafka's `transactional.id.expiration.ms`. */
export const transactionalIdKeptMs = 7 * 86_400_000;
/** An answer is kept for its Idempotency-Key as long as a partition keeps one: a client retries for seconds, not hours. */
export const atomicResultKeptMs = 300_000;
/** What is undecided must never expire: a year, in which sweeps come by half a million times. */
export const undecidedKeptMs = 365 * 86_400_000;

/** Transactions that one process remembers: about 10 MB with a few partitions each. */
export const transactionsKnownMax = 10_000;
/** Pages of transactional ids that one sweep of a namespace goes through: 100,000; the next one goes on. */
export const transactionSweepPagesMax = 100;
/** Transactions that a sweep finishes at the same time. */
export const transactionsAtOnce = 8;
