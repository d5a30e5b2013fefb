/**
 * Every route of the HTTP API, version 1. Pure data without imports: the router, the OpenAPI document, the client and the
 * infrastructure all read it. What a route takes and answers stands in `operations.ts`, by the same key.
 */

/** The function that serves a route: a file in `functions/`, and one Lambda function. */
export type Capability =
  | "health"
  | "topics"
  | "produce"
  | "fetch"
  | "groups"
  | "transactions"
  | "znode"
  | "sessions"
  | "election";

export type HttpMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Route {
  readonly method: HttpMethod;
  /**
   * `{name}` stands for one percent-encoded segment, `{name+}` at the end for all that are left; API Gateway's syntax, and
   * but for the plus OpenAPI's.
   */
  readonly path: string;
  readonly capability: Capability;
}

export const routes = {
  getHealth: { method: "GET", path: "/health", capability: "health" },

  createNamespace: { method: "POST", path: "/v1/namespaces", capability: "topics" },
  listNamespaces: { method: "GET", path: "/v1/namespaces", capability: "topics" },
  deleteNamespace: { method: "DELETE", path: "/v1/namespaces/{namespace}", capability: "topics" },

  createTopic: { method: "POST", path: "/v1/{namespace}/topics", capability: "topics" },
  listTopics: { method: "GET", path: "/v1/{namespace}/topics", capability: "topics" },
  describeTopic: { method: "GET", path: "/v1/{namespace}/topics/{topic}", capability: "topics" },
  // The same by a path that does not begin those of its records: who may only produce can be allowed it for many topics.
  describePartitions: { method: "GET", path: "/v1/{namespace}/topics/{topic}/partitions", capability: "topics" },
  alterTopic: { method: "PATCH", path: "/v1/{namespace}/topics/{topic}", capability: "topics" },
  deleteTopic: { method: "DELETE", path: "/v1/{namespace}/topics/{topic}", capability: "topics" },

  produce: { method: "POST", path: "/v1/{namespace}/topics/{topic}/records", capability: "produce" },
  produceToPartition: {
    method: "POST",
    path: "/v1/{namespace}/topics/{topic}/partitions/{partition}/records",
    capability: "produce",
  },
  truncate: {
    method: "POST",
    path: "/v1/{namespace}/topics/{topic}/partitions/{partition}/truncate",
    capability: "produce",
  },
  createProducer: { method: "POST", path: "/v1/{namespace}/producers", capability: "produce" },
  createTopicProducer: { method: "POST", path: "/v1/{namespace}/topics/{topic}/producers", capability: "produce" },

  fetch: {
    method: "GET",
    path: "/v1/{namespace}/topics/{topic}/partitions/{partition}/records",
    capability: "fetch",
  },
  listOffset: {
    method: "GET",
    path: "/v1/{namespace}/topics/{topic}/partitions/{partition}/offsets",
    capability: "fetch",
  },
  subscribeToPartition: {
    method: "POST",
    path: "/v1/{namespace}/topics/{topic}/partitions/{partition}/subscriptions",
    capability: "fetch",
  },

  joinGroup: { method: "POST", path: "/v1/{namespace}/groups/{group}/members", capability: "groups" },
  heartbeatMember: {
    method: "POST",
    path: "/v1/{namespace}/groups/{group}/members/{member}/heartbeat",
    capability: "groups",
  },
  leaveGroup: { method: "DELETE", path: "/v1/{namespace}/groups/{group}/members/{member}", capability: "groups" },
  commitOffsets: { method: "PUT", path: "/v1/{namespace}/groups/{group}/offsets", capability: "groups" },
  getGroupOffsets: { method: "GET", path: "/v1/{namespace}/groups/{group}/offsets", capability: "groups" },
  resetGroupOffsets: { method: "POST", path: "/v1/{namespace}/groups/{group}/offsets/reset", capability: "groups" },
  listGroups: { method: "GET", path: "/v1/{namespace}/groups", capability: "groups" },
  describeGroup: { method: "GET", path: "/v1/{namespace}/groups/{group}", capability: "groups" },
  deleteGroup: { method: "DELETE", path: "/v1/{namespace}/groups/{group}", capability: "groups" },

  listShareGroups: { method: "GET", path: "/v1/{namespace}/share-groups", capability: "groups" },
  configureShareGroup: { method: "PUT", path: "/v1/{namespace}/share-groups/{group}", capability: "groups" },
  describeShareGroup: { method: "GET", path: "/v1/{namespace}/share-groups/{group}", capability: "groups" },
  deleteShareGroup: { method: "DELETE", path: "/v1/{namespace}/share-groups/{group}", capability: "groups" },
  acquireRecords: { method: "POST", path: "/v1/{namespace}/share-groups/{group}/acquire", capability: "groups" },
  acknowledgeRecords: {
    method: "POST",
    path: "/v1/{namespace}/share-groups/{group}/acknowledge",
    capability: "groups",
  },
  redriveRecords: { method: "POST", path: "/v1/{namespace}/share-groups/{group}/redrive", capability: "groups" },
  acquireTopicRecords: {
    method: "POST",
    path: "/v1/{namespace}/topics/{topic}/share-groups/{group}/acquire",
    capability: "groups",
  },
  acknowledgeTopicRecords: {
    method: "POST",
    path: "/v1/{namespace}/topics/{topic}/share-groups/{group}/acknowledge",
    capability: "groups",
  },

  writeAtomically: { method: "POST", path: "/v1/{namespace}/transactions", capability: "transactions" },
  listTransactions: { method: "GET", path: "/v1/{namespace}/transactions", capability: "transactions" },
  describeTransaction: {
    method: "GET",
    path: "/v1/{namespace}/transactions/{transactionalId}",
    capability: "transactions",
  },
  addPartitionsToTransaction: {
    method: "POST",
    path: "/v1/{namespace}/transactions/{transactionalId}/partitions",
    capability: "transactions",
  },
  addOffsetsToTransaction: {
    method: "POST",
    path: "/v1/{namespace}/transactions/{transactionalId}/offsets",
    capability: "transactions",
  },
  commitTransaction: {
    method: "POST",
    path: "/v1/{namespace}/transactions/{transactionalId}/commit",
    capability: "transactions",
  },
  abortTransaction: {
    method: "POST",
    path: "/v1/{namespace}/transactions/{transactionalId}/abort",
    capability: "transactions",
  },

  createSession: { method: "POST", path: "/v1/{namespace}/sessions", capability: "sessions" },
  describeSession: { method: "GET", path: "/v1/{namespace}/sessions/{sessionId}", capability: "sessions" },
  heartbeat: { method: "POST", path: "/v1/{namespace}/sessions/{sessionId}/heartbeat", capability: "sessions" },
  closeSession: { method: "DELETE", path: "/v1/{namespace}/sessions/{sessionId}", capability: "sessions" },

  getRoot: { method: "GET", path: "/v1/{namespace}/znodes", capability: "znode" },
  setRoot: { method: "PUT", path: "/v1/{namespace}/znodes", capability: "znode" },
  createZnode: { method: "POST", path: "/v1/{namespace}/znodes/{path+}", capability: "znode" },
  getZnode: { method: "GET", path: "/v1/{namespace}/znodes/{path+}", capability: "znode" },
  setZnode: { method: "PUT", path: "/v1/{namespace}/znodes/{path+}", capability: "znode" },
  deleteZnode: { method: "DELETE", path: "/v1/{namespace}/znodes/{path+}", capability: "znode" },
  multi: { method: "POST", path: "/v1/{namespace}/multi", capability: "znode" },
  multiRead: { method: "POST", path: "/v1/{namespace}/multi-read", capability: "znode" },
  getChanges: { method: "GET", path: "/v1/{namespace}/changes", capability: "znode" },
  // The same with nothing but what is at or below a path: permissions are given by paths, and bodies are not looked at.
  multiBelow: { method: "POST", path: "/v1/{namespace}/multi/{path+}", capability: "znode" },
  multiReadBelow: { method: "POST", path: "/v1/{namespace}/multi-read/{path+}", capability: "znode" },
  getChangesBelow: { method: "GET", path: "/v1/{namespace}/changes/{path+}", capability: "znode" },
  subscribeToRoot: { method: "POST", path: "/v1/{namespace}/subscriptions/znodes", capability: "znode" },
  subscribeToZnode: { method: "POST", path: "/v1/{namespace}/subscriptions/znodes/{path+}", capability: "znode" },
  whoAmI: { method: "GET", path: "/v1/{namespace}/whoami", capability: "znode" },

  campaign: { method: "POST", path: "/v1/{namespace}/elections/{election}/campaign", capability: "election" },
  resign: { method: "POST", path: "/v1/{namespace}/elections/{election}/resign", capability: "election" },
  proclaim: { method: "POST", path: "/v1/{namespace}/elections/{election}/proclaim", capability: "election" },
  describeElection: { method: "GET", path: "/v1/{namespace}/elections/{election}", capability: "election" },
  observeElection: { method: "GET", path: "/v1/{namespace}/elections/{election}/observe", capability: "election" },
  acquireLock: { method: "POST", path: "/v1/{namespace}/locks/{lock}/acquire", capability: "election" },
  releaseLock: { method: "POST", path: "/v1/{namespace}/locks/{lock}/release", capability: "election" },
  describeLock: { method: "GET", path: "/v1/{namespace}/locks/{lock}", capability: "election" },
} as const satisfies Record<string, Route>;

export type OperationId = keyof typeof routes;

/** One or more RecordBatches v2, byte for byte, one after the other. */
export const recordBatchMediaType = "application/vnd.kafka.record-batch.v2";
export const jsonMediaType = "application/json";

/** What a fetch of record batches tells beside them. */
export const fetchHeaders = {
  nextOffset: "x-streamkeeper-next-offset",
  highWatermark: "x-streamkeeper-high-watermark",
  lastStableOffset: "x-streamkeeper-last-stable-offset",
  logStartOffset: "x-streamkeeper-log-start-offset",
} as const;

/** A write that is sent again under the same key is applied once; at most `idempotencyKeyCharsMax` visible ASCII characters. */
export const idempotencyKeyHeader = "idempotency-key";
/** `<session id>:<password>`: the session under which a request is made. */
export const sessionHeader = "x-streamkeeper-session";
/** `digest <base64 of user:password>`, several joined by commas: who asks, for access control lists. */
export const authHeader = "x-streamkeeper-auth";
/**
 * On what readers ask for: where to connect for hints, relative to the API's address or in full. Absent where there are none.
 * docs/push.md has the protocol.
 */
export const pushHeader = "x-streamkeeper-push";
/** Repeats the `requestId` of error answers, on every answer. */
export const requestIdHeader = "x-request-id";
