/** Bounds of taking duties from a queue, each with its reason. */

/** One long poll; the most that SQS allows, so that an idle process asks three times a minute. */
export const queueWaitSeconds = 20;
/** The poll, and the way there and back. */
export const queueReceiveMsMax = 25_000;
/** As many as SQS gives at once. */
export const queueMessagesMax = 10;
/**
 * How long a message that somebody has taken stays hidden from others: a process that dies with it holds up a session's end by
 * so much. A duty that takes longer is done twice, which does no harm.
 */
export const queueHiddenSeconds = 2;
/** Until a queue that failed is asked again. */
export const queueRetryMs = 1_000;
