/** What the embedded store writes when: commits that hold up the event loop, and snapshots of trees. */

/** Bytes of one: larger ones take longer than the changes of threads that are saved. */
export const quickCommitBytesMax = 256 * 1024;
/** One that takes longer is slow: handing it to a thread and back takes about a quarter of this. */
export const quickCommitMsMax = 1;
/** After a slow one there is none for so many times what it took: the event loop stands still for at most a tenth of the time. */
export const slowCommitParts = 10;

/**
 * What a server that starts replays of a tree's log at most, while snapshots keep up: half a second or so, and of a large tree
 * no more than it takes to load. It starts seldom, and each snapshot is a file that competes with commits for the disk and for
 * the event loop: at 10,000 writes a second the usual pace were ten files a second. ZooKeeper's snapCount is 100,000 too.
 */
export const embeddedSnapshotTransactionsMax = 100_000;
export const embeddedSnapshotLogBytesMax = 64 * 1024 * 1024;
export const embeddedSnapshotPartOfTree = 0.5;
/** Bytes of a blob that are forced to the disk at once: a commit that comes meanwhile waits for no more than that. */
export const blobForcedBytes = 1024 * 1024;

/** Bytes of a generation of the write-ahead log after which the next one begins; what a server that starts brings into LMDB. */
export const writeAheadGenerationBytes = 8 * 1024 * 1024;
/** Keys of one: bounds the memory for small ones. */
export const writeAheadGenerationKeys = 20_000;
/** So many times a generation may grow while LMDB is not done with the one before; then commits wait for it. */
export const writeAheadGenerationsMax = 3;
/** A file of the log grows by so much, as zeros, which takes a few milliseconds. */
export const writeAheadGrowthBytes = 1024 * 1024;
/** Commits of so much go to LMDB at once: to write the bytes twice takes longer than to force twice. */
export const directCommitBytesMin = 512 * 1024;
/** Keys that such a commit brings along from the log; with more it goes into the log as well. Two milliseconds. */
export const directCommitKeysMax = 500;
/** Keys and bytes that one transaction brings into LMDB: about a millisecond of the event loop. */
export const checkpointKeys = 200;
export const checkpointBytes = 256 * 1024;
/** After LMDB could not take a generation, commits try again not sooner than this. */
export const checkpointRetryMs = 1_000;
/** What looks like a frame behind the last whole one, looked at to tell a damaged log from one that ends there. */
export const damagedFramesMax = 100;
