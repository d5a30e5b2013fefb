/**
 * Every route of the HTTP API, version 1. Pure data without imports: the router, the OpenAPI document, the client and the
 * infrastructure all read it. What a route takes and answers stands in `operations.ts`, by the same key.
 */

/** The function that serves a route: a file in `functions/`, and one Lambda function. */
export type Capability = "health" | "topics" | "produce" | "fetch";

export type HttpMethod = "GET" | "POST" | "PATCH" | "DELETE";

export interface Route {
  readonly method: HttpMethod;
  /** `{name}` stands for one percent-encoded segment; API Gateway's and OpenAPI's syntax. */
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
/** Repeats the `requestId` of error answers, on every answer. */
export const requestIdHeader = "x-request-id";
