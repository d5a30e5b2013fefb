/** Bounds of classic groups (JoinGroup, SyncGroup), each with its reason. A group is one item: see `groups.ts`. */

/** Of one member. Clients know a handful of assignors; each carries the whole subscription. */
export const classicProtocolsMax = 20;
export const classicProtocolCharsMax = 249;
/** All protocols of one member together: a subscription to 1,000 topics and what it owns of them. */
export const classicMetadataBytesMax = 128 * 1_024;
/** Of one member. What all have together must fit the item. */
export const classicAssignmentBytesMax = 128 * 1_024;
/** Members of one LeaveGroup: as many as a group has. */
export const classicLeavesMax = 500;
/** Ids that were given to clients who have not come back with them yet. */
export const classicPendingMax = 500;

/**
 * Kafka's `group.initial.rebalance.delay.ms`, which is 3 s there: how long the first member of a group waits for others, so that
 * members who start together get one generation instead of one each. Members of one deployment connect within a second, and
 * everybody waits for it at each start; who comes later prolongs it, as in Kafka.
 */
export const classicInitialDelayMs = 1_000;
/**
 * How old what a heartbeat is answered from may be: a member hears of a rebalance so much later than its heartbeat, if another
 * process began it. One read in that time for each process that has members of the group, however many they are.
 */
export const classicLookMs = 1_000;
/** Pauses between looks at the item while members wait for each other: a process with such members reads twice, then once a second. */
export const classicPollMsMin = 50;
export const classicPollMsMax = 1_000;
/** A lease is written when a third of the session is over, and lasts a third longer: who is heard in time is never lost by that. */
export const leaseWritesPerSession = 3;
/** JoinGroup and SyncGroup end at the latest by the rebalance's timeout, of which the longest is a day. */
export const classicWaitMsMax = 2 * 86_400_000;
