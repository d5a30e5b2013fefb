import { api } from "../api.ts";
import { array, int16, int32, int64, offset64, string } from "../types.ts";

/** The first version whose group becomes part of the transaction by it, without AddOffsetsToTxn (KIP-890). */
export const addsGroupSince = 5;

export const txnOffsetCommit = api({
  key: 28,
  name: "TxnOffsetCommit",
  versions: [0, 5],
  flexibleSince: 3,
  request: {
    transactionalId: string,
    groupId: string,
    producerId: int64,
    producerEpoch: int16,
    generationId: int32.since(3).default(-1),
    memberId: string.since(3),
    groupInstanceId: string.since(3).nullableSince(3).default(null),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        committedOffset: offset64,
        committedLeaderEpoch: int32.since(2).default(-1),
        committedMetadata: string.nullable().default(null),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array({ name: string, partitions: array({ partitionIndex: int32, errorCode: int16 }) }),
  },
});
