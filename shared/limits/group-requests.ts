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
/** Ranges of one acknowledgement: each record of the largest acquisition for itself. */
export const requestAcknowledgementsMax = 1_000;
/** Records of one acquisition: `max.poll.records` of Kafka's consumers is 500. */
export const acquireRecordsMax = 1_000;
export const acquireRecordsDefault = 500;
/** Records of one redrive: each is produced anew, and 29 s must do. */
export const redriveRecordsMax = 1_000;
/** Topics of a transaction in one call, which may have 1,000 partitions. */
export const transactionTopicsMax = 1_000;
