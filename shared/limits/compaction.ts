/** Limits of log compaction, each with its reason. */

/** Keys of one run's map: with their places about 24 bytes each beside their own. */
export const compactionKeysMax = 4_000_000;
/** Bytes of the keys of one run's map: with the places and one output segment it fits the function that seals. */
export const compactionKeyBytesMax = 256 * 1024 * 1024;
/** Dirty bytes of one run: what is more is left to the next one. */
export const compactionDirtyBytesMax = 4 * 1024 * 1024 * 1024;
/** One read of a segment that is compacted: about 10 ms of work, in which nothing else of the process runs. */
export const compactionReadBytes = 1_048_576;
/** Longest run: the function that seals has 120 s. */
export const compactionMsMax = 100_000;
/** Segments of one manifest: 640 GiB of live records in one partition. Bounds what a damaged manifest can claim. */
export const compactedSegmentsMax = 10_000;
/** Pages of the segment list that one look at what is dirty reads. */
export const compactionListPagesMax = 1_000;
/** Batches without their marker whose keys wait for it, in one run: 16 bytes each. */
export const compactionPendingMax = 4_000_000;
/** How often a log is rewritten only because tombstones in it have reached their time. */
export const compactionHorizonMsMin = 3_600_000;
/** Times that a reader, which finds a blob gone, looks for the manifest that took its place. */
export const manifestReadsMax = 4;
/** How long a duty to compact may wait: by then its topic's settings may be others, and the sweep has asked again. */
export const compactDutyMsMax = 3_600_000;
