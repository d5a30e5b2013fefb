import { api } from "../api.ts";
import { array, int16, int32, int64, offset64, string } from "../types.ts";

/** KIP-664. */
export const describeProducers = api({
  key: 61,
  name: "DescribeProducers",
  versions: [0, 0],
  flexibleSince: 0,
  request: { topics: array({ name: string, partitionIndexes: array(int32) }) },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        activeProducers: array({
          producerId: int64,
          producerEpoch: int32,
          lastSequence: int32.default(-1),
          lastTimestamp: offset64.default(-1),
          coordinatorEpoch: int32.default(0),
          /** -1 where the producer has no transaction open in the partition. */
          currentTxnStartOffset: offset64.default(-1),
        }).default([]),
      }),
    }),
  },
});
