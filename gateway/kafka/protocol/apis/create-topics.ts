import { api } from "../api.ts";
import { array, bool, int16, int32, int8, string, uuid } from "../types.ts";

export const createTopics = api({
  key: 19,
  name: "CreateTopics",
  versions: [2, 7],
  flexibleSince: 5,
  request: {
    topics: array({
      name: string,
      /** -1 for the cluster's default (KIP-464), or where the replicas are assigned. */
      numPartitions: int32.default(-1),
      replicationFactor: int16.default(-1),
      assignments: array({ partitionIndex: int32, brokerIds: array(int32) }).default([]),
      configs: array({ name: string, value: string.nullable() }).default([]),
    }),
    timeoutMs: int32.default(60_000),
    validateOnly: bool.default(false),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array({
      name: string,
      topicId: uuid.since(7),
      errorCode: int16,
      errorMessage: string.nullable().default(null),
      topicConfigErrorCode: int16.tagged(0, 5),
      numPartitions: int32.since(5).default(-1),
      replicationFactor: int16.since(5).default(-1),
      configs: array({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8,
        isSensitive: bool,
      })
        .since(5)
        .nullableSince(5),
    }),
  },
});
