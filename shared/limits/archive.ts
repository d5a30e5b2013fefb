/** Bounds of the archive of a namespace. */

/** Records of one part of an archive: what an import holds in memory of it; more than the largest batch. */
export const archiveBatchBytesTarget = 1_048_576;
/** One part at most: the largest batch beside a full target, or a chunk of a tree with a znode's data in it. */
export const archivePartBytesMax = 16 * 1_048_576;
/** A tree is decoded as a whole: ten million small znodes, and what Node holds in one buffer. */
export const archiveTreeBytesMax = 2 ** 31 - 1;
/** Aborted transactions behind the oldest open one of a partition, which an export has to know at the same time. */
export const archiveAbortedMax = 1_000_000;
