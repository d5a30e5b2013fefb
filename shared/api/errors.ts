/**
 * The one table of errors: name, HTTP status, Kafka's code, ZooKeeper's code, and whether the same request may be sent again.
 *
 * Names and codes: Kafka protocol "Error Codes"; ZooKeeper `KeeperException.Code`.
 */

interface ErrorRow {
  /** HTTP status. */
  readonly status: number;
  /** Kafka's error code. */
  readonly kafka: number;
  /** ZooKeeper's error code. */
  readonly zookeeper: number;
  /** Sending the same request again may succeed. */
  readonly retriable: boolean;
}

const row = (status: number, kafka: number, zookeeper: number, retriable = false): ErrorRow => ({
  status,
  kafka,
  zookeeper,
  retriable,
});

export const errorTable = {
  // Kafka's names
  OFFSET_OUT_OF_RANGE: row(416, 1, -8),
  CORRUPT_MESSAGE: row(400, 2, -5),
  UNKNOWN_TOPIC_OR_PARTITION: row(404, 3, -101, true),
  REQUEST_TIMED_OUT: row(504, 7, -7, true),
  MESSAGE_TOO_LARGE: row(413, 10, -5),
  TOPIC_AUTHORIZATION_FAILED: row(403, 29, -102),
  GROUP_AUTHORIZATION_FAILED: row(403, 30, -102),
  CLUSTER_AUTHORIZATION_FAILED: row(403, 31, -102),
  INVALID_TIMESTAMP: row(400, 32, -8),
  INVALID_TOPIC_EXCEPTION: row(400, 17, -8),
  RECORD_LIST_TOO_LARGE: row(413, 18, -5),
  UNSUPPORTED_VERSION: row(400, 35, -6),
  TOPIC_ALREADY_EXISTS: row(409, 36, -110),
  INVALID_PARTITIONS: row(400, 37, -8),
  INVALID_CONFIG: row(400, 40, -8),
  INVALID_REQUEST: row(400, 42, -8),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: row(400, 43, -6),
  POLICY_VIOLATION: row(400, 44, -8),
  OUT_OF_ORDER_SEQUENCE_NUMBER: row(409, 45, -8),
  INVALID_PRODUCER_EPOCH: row(409, 47, -8),
  INVALID_TXN_STATE: row(409, 48, -6),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: row(403, 53, -102),
  KAFKA_STORAGE_ERROR: row(503, 56, -4, true),
  UNSUPPORTED_COMPRESSION_TYPE: row(400, 76, -6),
  INVALID_RECORD: row(400, 87, -5),
  THROTTLING_QUOTA_EXCEEDED: row(429, 89, -127, true),
  // Groups and transactions
  OFFSET_METADATA_TOO_LARGE: row(413, 12, -8),
  ILLEGAL_GENERATION: row(409, 22, -8),
  INCONSISTENT_GROUP_PROTOCOL: row(409, 23, -8),
  INVALID_GROUP_ID: row(400, 24, -8),
  UNKNOWN_MEMBER_ID: row(404, 25, -101),
  INVALID_SESSION_TIMEOUT: row(400, 26, -8),
  REBALANCE_IN_PROGRESS: row(409, 27, -8),
  INVALID_COMMIT_OFFSET_SIZE: row(413, 28, -8),
  INVALID_PRODUCER_ID_MAPPING: row(409, 49, -8),
  INVALID_TRANSACTION_TIMEOUT: row(400, 50, -8),
  CONCURRENT_TRANSACTIONS: row(409, 51, -8, true),
  NON_EMPTY_GROUP: row(409, 68, -111),
  GROUP_ID_NOT_FOUND: row(404, 69, -101),
  GROUP_MAX_SIZE_REACHED: row(409, 81, -8),
  FENCED_INSTANCE_ID: row(409, 82, -8),
  GROUP_SUBSCRIBED_TO_TOPIC: row(409, 86, -8),
  UNSTABLE_OFFSET_COMMIT: row(409, 88, -8, true),
  PRODUCER_FENCED: row(409, 90, -103),
  TRANSACTIONAL_ID_NOT_FOUND: row(404, 105, -101),
  FENCED_MEMBER_EPOCH: row(409, 110, -103),
  UNRELEASED_INSTANCE_ID: row(409, 111, -110),
  UNSUPPORTED_ASSIGNOR: row(400, 112, -8),
  STALE_MEMBER_EPOCH: row(409, 113, -103),
  INVALID_RECORD_STATE: row(409, 121, -8),
  INVALID_REGULAR_EXPRESSION: row(400, 128, -8),
  // ZooKeeper's names
  SYSTEM_ERROR: row(500, -1, -1),
  DATA_INCONSISTENCY: row(500, 2, -3),
  BAD_ARGUMENTS: row(400, 42, -8),
  NO_NODE: row(404, 3, -101),
  NO_AUTH: row(403, 31, -102),
  BAD_VERSION: row(409, 42, -103),
  NO_CHILDREN_FOR_EPHEMERALS: row(409, 42, -108),
  SESSION_EXPIRED: row(410, 42, -112),
  INVALID_ACL: row(400, 42, -114),
  /** The session is served by another gateway by now. */
  SESSION_MOVED: row(409, 42, -118),
  AUTH_FAILED: row(401, 58, -115),
  QUOTA_EXCEEDED: row(429, 89, -125),
  NODE_EXISTS: row(409, 36, -110),
  NOT_EMPTY: row(409, 42, -111),
  RUNTIME_INCONSISTENCY: row(409, 42, -2),
  // Ours, where neither has a name
  /** A write whose fencing token is lower than one already seen. */
  FENCED: row(409, 42, -103),
  UNKNOWN_NAMESPACE: row(404, 3, -101),
  NAMESPACE_ALREADY_EXISTS: row(409, 36, -110),
  /** No such connection for hints, or another principal's. */
  UNKNOWN_CONNECTION: row(404, 42, -8),
  /** No such route, or a route that exists with another method. */
  NOT_FOUND: row(404, 42, -6),
  METHOD_NOT_ALLOWED: row(405, 42, -6),
  UNSUPPORTED_MEDIA_TYPE: row(415, 42, -6),
  NOT_ACCEPTABLE: row(406, 42, -6),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

/** Facts that a caller needs to recover; always plain JSON. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly (string | number)[]>>;

/** Whether the refused request may have had an effect. */
export type Effect = "none" | "unknown";

/** An expected failure, at the edge of a service; what every handler turns into an answer. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  /** "unknown": the write may have happened; such an error says so in `details.effect` as well. */
  readonly effect: Effect;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly details?: ErrorDetails; readonly effect?: Effect; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.effect = options.effect ?? "none";
    this.details = this.effect === "unknown" ? { ...options.details, effect: "unknown" } : (options.details ?? {});
  }

  get retriable(): boolean {
    return errorTable[this.code].retriable;
  }

  get status(): number {
    return errorTable[this.code].status;
  }
}
