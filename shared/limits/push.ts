/** Bounds of push: connections, subscriptions and the hints to them, each with its reason. */

/** API Gateway ends a connection after two hours; what is stored of it may outlive it by a little. */
export const pushConnectionMsMax = 2 * 3_600_000 + 600_000;
/** API Gateway's are 16 characters, ours 22. */
export const connectionIdCharsMax = 128;
export const subscriptionIdCharsMax = 64;
/** An ARN of a role with a path, or what a token says of who it is for. */
export const principalCharsMax = 2_048;
/** Partitions of the largest consumers; each costs three writes to begin and two to end. */
export const subscriptionsPerConnectionMax = 1_000;
/** Ten pages of one lookup; whoever comes after them is served by safety polls. */
export const subscribersPerLogMax = 10_000;
export const subscribersPageItems = 1_000;
/**
 * How long a container serves who has subscribed from its memory: a log that nobody listens to, or that is written all the
 * time, costs one read in so much time. A subscriber is told to rely on hints only when it is over.
 */
export const subscribersCacheMs = 2_000;
/** Logs whose subscribers one container remembers: a few MB. */
export const subscribersCacheLogsMax = 5_000;
/** Hints of one message: at most 32 KB, which API Gateway counts as one. */
export const hintsPerMessageMax = 25;
/** Messages of one call that are under way at once. */
export const postsAtOnce = 32;
/** Deletes of one connection's subscriptions that are under way at once. */
export const unsubscribesAtOnce = 16;
/** A post that is not answered by then has lost its use. */
export const postRequestMsMax = 3_000;

// ---- The local server ----

/** Connections of one server: half of its sockets. */
export const localPushConnectionsMax = 1_000;
/** Messages of clients name an action, and at most one id. */
export const pushMessageBytesMax = 4_096;
/** Bytes that wait for a slow client; beyond it a hint is dropped, as any hint may be. */
export const localPushBacklogBytesMax = 65_536;
/** How often a server looks whether its clients are still there; one that did not answer is cut off. */
export const localPushProbeMs = 30_000;
/** While a log is written without a pause, its subscribers are told at most so often. */
export const localHintIntervalMs = 5;
