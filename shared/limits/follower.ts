/** Of those who follow a tree for connections that live as long as it. */

/**
 * Times that the log is read (4,000 entries, 4 MiB or 250,000 events each) for what a rebuilt tree did not tell. Beyond it the listener hears of a gap:
 * whoever was cut off for so long connects anew sooner than it would be told.
 */
export const gapReadsMax = 8;
/** Times that the log is read for what happened before a client came back; beyond it the client looks for itself. */
export const changesSinceReadsMax = 2;
/** Times that a tree may be rebuilt while somebody waits for the latest, until the store counts as unavailable. */
export const followedReadsMax = 3;
/** Looks, a second apart, until an answer is given although what it may reveal could not be told: the store is out then. */
export const tellingTriesMax = 30;
