/** Limits of share groups, each with its reason. Units stand at the end of the names. */

// ---- Settings of a group (KIP-932) ----

/** `share.record.lock.duration.ms`; Kafka allows 1 s to 1 h and takes 30 s. */
export const shareLockMsMin = 1_000;
export const shareLockMsMax = 3_600_000;
export const shareLockMsDefault = 30_000;
/** `share.delivery.count.limit`; Kafka takes 5 and allows 2 to 10 (we 1, for work that must not be tried twice, to 100). */
export const shareDeliveriesMax = 100;
export const shareDeliveriesDefault = 5;

// ---- State of one partition ----

/** `group.share.partition.max.record.locks`: records of a partition that are begun and not dealt with; Kafka's number. */
export const shareInFlightRecordsMax = 2_000;
/** Neighbouring ranges differ, and a gap stands only between two that are not dealt with: two for each of those, and one. */
export const shareRangesMax = 2 * shareInFlightRecordsMax + 1;
/** Names of those who hold records of a partition, at three bytes a character: with 50 KB of ranges the state fits an item. */
export const shareMemberNamesBytesMax = 200_000;
/** Attempts that an item remembers: more than writers that overtake one whose answer was lost, before it looks again. */
export const shareAttemptsKept = 8;
/** What the clocks of two servers may differ by: a lock is given to another only so much later. */
export const shareSkewMs = 250;

// ---- Groups ----

/** Topics of one group: their list is an attribute of the group's item, at most 300 bytes each. */
export const shareGroupTopicsMax = 100;
/** Oldest group settings that a process may act on, as with topics. */
export const shareGroupCacheMsMax = 5_000;
/** Groups and partitions whose state a process remembers; what it forgets costs one request. */
export const shareGroupsCachedMax = 1_000;
export const shareStatesCachedMax = 2_000;
/** Pages of a namespace's groups that one call lists through to find share groups among the others. */
export const shareListPagesMax = 10;
/** Requests of one call that may be under way at the same time, where it goes over all partitions of a group. */
export const sharePartitionsAtOnce = 16;
/** Times that one call begins anew because the group was deleted, or made again, under it. */
export const shareRestartsMax = 3;

// ---- One request ----

/** A host's name and an id; they stand in the state of the partition. */
export const shareMemberIdCharsMax = 100;
/** `max.poll.records` of Kafka's consumers is 500. */
export const shareAcquireRecordsMax = 1_000;
/** A group has no more. */
export const shareAcquireTopicsMax = 100;
/** Ranges of one acknowledgement: each record of the largest acquisition for itself. */
export const shareAcknowledgementsMax = 1_000;
/** Each is produced anew, and 29 s must do. */
export const shareRedriveRecordsMax = 1_000;

// ---- Acquire ----

/** Partitions that one call looks into at the same time until one of them has records. */
export const shareLanes = 4;
/** Partitions that one round of a call looks into; the next goes on behind them. Each costs two requests when it is empty. */
export const shareRoundPartitionsMax = 64;
/** Fetches of one look into a partition: records that wait to be delivered again may lie far apart. */
export const shareFetchesMax = 8;
/** Looks into one partition in one round: the first may have been at what was remembered. */
export const shareLooksMax = 3;
/** Rounds that begin anew, after a back-off, because other workers were faster. */
export const shareLostRoundsMax = 8;
/** Logs whose hints end a wait; the others are found by looking. */
export const shareWatchedLogsMax = 32;

// ---- Conditional updates ----

/** Times that a change is decided again because another process was faster; an acquisition goes elsewhere sooner. */
export const shareChangeAttemptsMax = 40;
export const shareAcquireAttemptsMax = 2;
/** Calls of one process that may wait for each other's changes of one partition; beyond it they are asked to slow down. */
export const shareTurnsMax = 1_000;
/** Times that the same update is sent until it is answered; each waits for as long as the store may take. */
export const shareUpdateTriesMax = 3;

// ---- Dead letters ----

/** Dead letters that one call delivers; the next call goes on. One put each, at the same time. */
export const shareDeadLettersAtOnce = 50;
/** So long the others leave dead letters to who found them: well beyond a fetch, a put and an update that hang and succeed. */
export const shareDeadLetterClaimMs = 15_000;
/** So long a call waits for the dead letters that it delivers, and at most a part of the lock of what it has acquired. */
export const shareDeadLetterWaitMsMax = 1_000;
export const shareDeadLetterLockPart = 1 / 4;

// ---- Redrive ----

/** Fetches of one call: other groups' records in a shared dead-letter topic are passed over. */
export const shareRedriveFetchesMax = 20;
/** Records that are read, sent and settled at once. */
export const shareRedriveChunkRecords = 100;
/** Dead-letter topics whose cursor a group keeps: who goes back to an earlier one sends nothing twice. */
export const shareCursorsKept = 5;
