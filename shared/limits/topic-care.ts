/** Limits of what gateways do about topics for clients of ZooKeeper. */

/**
 * Partitions of a topic about which it is written who leads them: each takes two znodes, and a topic goes with all of them in one
 * multi, which has 1,000 operations.
 */
export const ledPartitionsMax = 400;

/** Tries to deal with one topic that others change at the same time. */
export const topicCareAttemptsMax = 20;

/** How long a gateway that is not the controller leaves a topic to the one that is, in milliseconds: most often there is nothing left. */
export const topicCareGraceMs = 300;

/** After a failure of the store a gateway looks at the topics again, in milliseconds. */
export const topicCareRetryMs = 1_000;

/** Topics and what is wrong with them that a gateway remembers, so that it says it once. */
export const topicProblemsKept = 10_000;

/** Topics whose items are known to be as the tree has them; beyond it each is looked at anew. */
export const caredTopicsKept = 10_000;

/** Notices of changed configurations are kept this long, in milliseconds (Kafka's `ConfigChangeNotification`). */
export const configNoticesKeptMs = 900_000;

/** Topics that are dealt with at the same time: their changes join into few entries of the log. */
export const caredAtOnceMax = 50;

/** The first client of ZooKeeper waits this long for leaders to be written, in milliseconds: it has a timeout of its own. */
export const leadersShownMsMax = 1_000;
