/** Bounds of consumer groups, each with its reason. A group is one item, so that a commit is one conditional update. */

/** Kafka's limit, as of topics' names. */
export const groupIdCharsMax = 249;
/** Members of one group: each costs about 250 bytes of the item. */
export const groupMembersMax = 500;
/** Partitions that one group shares: with their committed offsets, of about 70 bytes each, they must fit the item. */
export const groupPartitionsMax = 3_000;
/** Topics that one group is subscribed to: their ids and names, of about 60 bytes each, stand in the item. */
export const groupTopicsMax = 1_000;
/** Different patterns of one group: each is matched against every topic of the namespace, every few seconds. */
export const groupPatternsMax = 50;
/** What a pattern compiles to: about what 1,024 characters without counted repetitions do, some 30 ms for the longest name. */
export const patternInstructionsMax = 1_100;
/** Characters of a pattern, written out: compiling takes about 1 ms for a thousand of them. RE2 repeats nothing more often. */
export const patternExpansionMax = 50_000;
export const patternRepeatMax = 1_000;
/** Patterns that a process remembers, and names of each that it has matched: some 20 MB at most. */
export const patternsKnownMax = 100;
export const patternNamesKnownMax = 2_000;
/** What the item may come to, well below DynamoDB's 400 KB: a process that does not know its size may add to it unseen. */
export const groupItemBytesMax = 300_000;
/** Beyond it nothing is written. What lies between is for members that give up, take, or leave, and for offsets that are there. */
export const groupItemBytesEnd = 380_000;
/** Names of a group's topics, each some three times, and their ids: with the offsets they must fit the item. */
export const groupTopicsBytesMax = 200_000;
/** What a process adds to an item whose size it does not know, without asking for it first. */
export const groupBlindBytesMax = 8_192;
/** Attributes of one update: DynamoDB's expressions take about 450, of which each has an assignment or a condition. */
export const groupUpdateAttributesMax = 300;
/** Members that one change of the group removes, each with three attributes and a condition; the next change does the rest. */
export const groupRemovalsMax = 40;
/** Offsets of topics that nobody reads any more, and old decisions, that one change of the group drops. */
export const groupTidyMax = 50;
/** Old decisions that one update drops where the group does not change: each needs a condition, of which 4 KB take about 250. */
export const groupMarksTidyMax = 200;
/** Kafka's default of `offset.metadata.max.bytes`. */
export const offsetMetadataCharsMax = 4_096;
export const clientIdCharsMax = 255;
export const instanceIdCharsMax = 249;

/** Kafka's defaults; the least is what a session may have, so that tests and short-lived functions need not wait long. */
export const groupSessionTimeoutMsDefault = 45_000;
export const groupSessionTimeoutMsMin = 1_000;
export const groupSessionTimeoutMsMax = 1_800_000;
/** Kafka's consumer takes `max.poll.interval.ms` (5 minutes) for it; one that only needs to commit takes less. */
export const groupRebalanceTimeoutMsDefault = 60_000;
export const groupRebalanceTimeoutMsMin = 1_000;
export const groupRebalanceTimeoutMsMax = 86_400_000;
/** A tenth of the session, so that nine may be lost; at least twice a second is enough for anyone, and 3 s settle a group in 5. */
export const heartbeatsPerSession = 10;
export const heartbeatIntervalMsMin = 500;
export const heartbeatIntervalMsMax = 3_000;

/** Kafka's default of `offsets.retention.minutes`, from when the group became empty. */
export const offsetsRetentionMs = 7 * 86_400_000;
/** How long it is remembered that a transaction is decided: far longer than what was sent before that can be on its way. */
export const decisionKeptMs = 3_600_000;
/** How late a transaction's offsets may be staged: a mark that refuses what is decided must still be there. */
export const stagingMsMax = decisionKeptMs / 2;
/** Times that a change of a group is decided anew because another came first, or sent again because no answer came. */
export const groupChangeAttemptsMax = 20;
export const groupTriesMax = 3;
/** Groups whose state one process remembers: about 5 KB each, 300 KB at most. */
export const groupsKnownMax = 500;
/** Transactions whose staged offsets one process remembers; of one that it forgot, it asks. */
export const stagedKnownMax = 5_000;
/** Partitions whose ends are asked for at the same time. */
export const offsetLookupsAtOnce = 16;
/** Pages of topics that patterns are matched against: a hundred thousand topics. */
export const patternPagesMax = 100;
