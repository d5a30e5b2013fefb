/** Of those who follow a tree, most of them for connections that live as long as it. */

/**
 * Times that the log is read (4,000 entries, 4 MiB or 250,000 events each) for what a rebuilt tree did not tell. Beyond it
 * the listener hears of a gap: whoever was cut off for so long connects anew sooner than it would be told.
 */
export const gapReadsMax = 8;
/** Times that the log is read for what happened before a client came back; beyond it the client looks for itself. */
export const changesSinceReadsMax = 2;
/** Times that a tree may be rebuilt while somebody waits for the latest, until the store counts as unavailable. */
export const followedReadsMax = 3;
/** Looks, a second apart, until an answer is given although what it may reveal could not be told: the store is out then. */
export const tellingTriesMax = 30;

/** Events that a process remembers of one tree for watchers, however few transactions they are of: each takes some 100 bytes. */
export const recentChangesEventsMax = 250_000;
/** Events at which a read of what is not remembered goes to no further entry: a page does not count a large multi, which brings 120,000. */
export const oldChangesEventsMax = 250_000;
