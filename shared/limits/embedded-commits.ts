/** Limits of commits that hold up the event loop. */

/** Bytes of one: larger ones take longer than the changes of threads that are saved. */
export const quickCommitBytesMax = 256 * 1024;
/** One that takes longer is slow: handing it to a thread and back takes about a quarter of this. */
export const quickCommitMsMax = 1;
/** After a slow one there is none for so many times what it took: the event loop stands still for at most a tenth of the time. */
export const slowCommitParts = 10;
