import { api } from "../api.ts";
import { array, int16, int32, int64, string } from "../types.ts";

/** v4 and later are for brokers alone, which verify with them. */
export const addPartitionsToTxn = api({
  key: 24,
  name: "AddPartitionsToTxn",
  versions: [0, 3],
  flexibleSince: 3,
  request: {
    v3AndBelowTransactionalId: string,
    v3AndBelowProducerId: int64,
    v3AndBelowProducerEpoch: int16,
    v3AndBelowTopics: array({ name: string, partitions: array(int32) }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    resultsByTopicV3AndBelow: array({
      name: string,
      resultsByPartition: array({ partitionIndex: int32, partitionErrorCode: int16 }),
    }),
  },
});
