import type { ErrorCode } from "./errors.ts";
import { type Capability, type OperationId, routes } from "./routes.ts";

const byCapability: Readonly<Record<Capability, ErrorCode>> = {
  health: "CLUSTER_AUTHORIZATION_FAILED",
  topics: "TOPIC_AUTHORIZATION_FAILED",
  produce: "TOPIC_AUTHORIZATION_FAILED",
  fetch: "TOPIC_AUTHORIZATION_FAILED",
  groups: "GROUP_AUTHORIZATION_FAILED",
  transactions: "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
  znode: "NO_AUTH",
  sessions: "NO_AUTH",
  election: "NO_AUTH",
};

/** What are not of one topic: Kafka guards the like by the cluster. */
const ofTheCluster: ReadonlySet<OperationId> = new Set([
  "createNamespace",
  "listNamespaces",
  "deleteNamespace",
  "createTopic",
  "listTopics",
  "createProducer",
]);

/** How it is called, by Kafka or ZooKeeper, that a caller may not do this. */
export function authorizationErrorOf(operation: OperationId): ErrorCode {
  return ofTheCluster.has(operation) ? "CLUSTER_AUTHORIZATION_FAILED" : byCapability[routes[operation].capability];
}
