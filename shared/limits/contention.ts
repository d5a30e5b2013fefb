/** Limits on what many writers of one log do to each other. */

/** Longest that one put waits for its turn: a round of 500 writers. Then it is put whoever's turn it is. */
export const turnWaitMsMax = 5_000;
/** Looks at the log while a put waits for its turn: a round of 64 writers takes five. */
export const turnLooksMax = 100;
/** Writers of one log that are remembered, by the last entry of each: about 30 KB. */
export const turnWritersKept = 256;
/** Back-off of a put that the store refused because of load, doubled each time, with full jitter: half a second in all. */
export const throttledBackoffMsMin = 25;
export const throttledBackoffMsMax = 400;

// ---- Answers that must fit Lambda's 6 MB ----

/** Events of changes in one answer, as JSON: those of one zxid may be 20,000 with paths of 4,096 characters. */
export const changesBytesMax = 4_000_000;
/** What the result of one record takes as JSON; more records than fit the answer are refused before they are written. */
export const recordResultBytes = 90;
