/** What one request about groups, share groups or transactions may hold, each with its reason. */

/** Kafka's clients make ids of 36 characters and a host's name; twice in a path they leave room in a request line of 10 KB. */
export const memberIdCharsMax = 249;
/** Names of one subscription: a member with more uses a pattern. */
export const requestTopicsMax = 1_000;
/** A pattern is matched against every topic of a namespace. */
export const topicPatternCharsMax = 1_024;
/** Partitions of one topic in one request: no topic has more. */
export const requestPartitionsMax = 10_000;
/** Offsets of one commit: with their metadata left out they are about 100 bytes each in JSON. */
export const requestOffsetsMax = 10_000;
/** JSON body of the largest commit and of the largest heartbeat, with names of 249 characters. */
export const groupBodyBytesMax = 4 * 1024 * 1024;
/** Records of one acquisition that says nothing: `max.poll.records` of Kafka's consumers. */
export const acquireRecordsDefault = 500;
/** Topics of a transaction in one call, which may have 1,000 partitions. */
export const transactionTopicsMax = 1_000;
