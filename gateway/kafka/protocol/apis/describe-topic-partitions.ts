import { api } from "../api.ts";
import { array, bool, int16, int32, string, struct, uuid } from "../types.ts";
import { operationsNotAsked } from "./metadata.ts";

/** Where a page of partitions begins. */
const cursor = struct({ topicName: string, partitionIndex: int32 }).nullable().default(null);

/** KIP-966: topics a page of partitions at a time. */
export const describeTopicPartitions = api({
  key: 75,
  name: "DescribeTopicPartitions",
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    topics: array({ name: string }),
    responsePartitionLimit: int32.default(2_000),
    cursor,
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array({
      errorCode: int16,
      name: string.nullable(),
      topicId: uuid,
      isInternal: bool,
      partitions: array({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.default(-1),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        eligibleLeaderReplicas: array(int32).nullable().default(null),
        lastKnownElr: array(int32).nullable().default(null),
        offlineReplicas: array(int32).default([]),
      }),
      topicAuthorizedOperations: int32.default(operationsNotAsked),
    }),
    nextCursor: cursor,
  },
});
