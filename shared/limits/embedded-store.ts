/** What the embedded store writes when: commits that hold up the event loop, and snapshots of trees. */

/** Bytes of one: larger ones take longer than the changes of threads that are saved. */
export const quickCommitBytesMax = 256 * 1024;
/** One that takes longer is slow: handing it to a thread and back takes about a quarter of this. */
export const quickCommitMsMax = 1;
/** After a slow one there is none for so many times what it took: the event loop stands still for at most a tenth of the time. */
export const slowCommitParts = 10;

/**
 * What a server that starts replays of a tree's log at most, while snapshots keep up: about a second. It starts seldom, and each
 * snapshot is a file that competes with commits for the disk: at 10,000 writes a second the usual pace were ten files a second.
 */
export const embeddedSnapshotTransactionsMax = 50_000;
export const embeddedSnapshotLogBytesMax = 32 * 1024 * 1024;
