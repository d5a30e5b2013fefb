/** Errors that the operations of several capabilities answer. */

export const partitionErrors = ["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_NAMESPACE", "INVALID_TOPIC_EXCEPTION"] as const;

/** Of a connection that is not there, is another's, or has all the subscriptions that it may. */
export const subscribingErrors = ["UNKNOWN_CONNECTION", "QUOTA_EXCEEDED"] as const;

export const ownSessionErrors = ["UNKNOWN_NAMESPACE", "SESSION_EXPIRED", "AUTH_FAILED"] as const;
export const callerErrors = [...ownSessionErrors, "BAD_ARGUMENTS"] as const;
export const readErrors = [...callerErrors, "NO_NODE", "NO_AUTH"] as const;

export const groupNameErrors = ["UNKNOWN_NAMESPACE", "INVALID_GROUP_ID"] as const;
/** A consumer group may have the name of a share group, and the other way round: INCONSISTENT_GROUP_PROTOCOL. */
export const presentGroupErrors = [...groupNameErrors, "GROUP_ID_NOT_FOUND", "INCONSISTENT_GROUP_PROTOCOL"] as const;
/** Of offsets that are committed, also with a transaction. */
export const commitErrors = [
  "UNKNOWN_MEMBER_ID",
  "STALE_MEMBER_EPOCH",
  "FENCED_INSTANCE_ID",
  "INVALID_TOPIC_EXCEPTION",
  "OFFSET_METADATA_TOO_LARGE",
  "INVALID_COMMIT_OFFSET_SIZE",
] as const;
