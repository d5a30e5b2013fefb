import { api } from "../api.ts";
import { array, bool, int16, int32, string, uuid } from "../types.ts";

/** What stands for operations that were not asked for. */
export const operationsNotAsked = -2_147_483_648;

export const metadata = api({
  key: 3,
  name: "Metadata",
  versions: [0, 12],
  flexibleSince: 9,
  request: {
    // v0: none means all. From v1: null means all.
    topics: array({ topicId: uuid.since(10), name: string.nullableSince(10) }).nullableSince(1),
    allowAutoTopicCreation: bool.since(4).default(true),
    includeClusterAuthorizedOperations: bool.since(8).upTo(10),
    includeTopicAuthorizedOperations: bool.since(8),
  },
  response: {
    throttleTimeMs: int32.since(3),
    brokers: array({ nodeId: int32, host: string, port: int32, rack: string.since(1).nullableSince(1).default(null) }),
    clusterId: string.since(2).nullableSince(2).default(null),
    controllerId: int32.since(1).default(-1),
    topics: array({
      errorCode: int16,
      name: string.nullableSince(12),
      topicId: uuid.since(10),
      isInternal: bool.since(1),
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.since(7).default(-1),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        offlineReplicas: array(int32).since(5),
      }),
      topicAuthorizedOperations: int32.since(8).default(operationsNotAsked),
    }),
    clusterAuthorizedOperations: int32.since(8).upTo(10).default(operationsNotAsked),
  },
});
