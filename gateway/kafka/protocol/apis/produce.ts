import { api } from "../api.ts";
import { array, int16, int32, offset64, records, string, struct } from "../types.ts";

/** The first version that makes its partitions a part of the producer's transaction, without AddPartitionsToTxn (KIP-890). */
export const addsPartitionsSince = 12;

/** v0 to v2 carry message sets of old formats; they are described in order to be refused with an answer. */
export const produce = api({
  key: 0,
  name: "Produce",
  versions: [0, 12],
  flexibleSince: 9,
  request: {
    transactionalId: string.since(3).nullableSince(3).default(null),
    /** 0 asks for no answer, 1 and -1 for one when the records are durable. */
    acks: int16,
    timeoutMs: int32,
    topicData: array({
      name: string,
      partitionData: array({ index: int32, records: records.nullable() }),
    }),
  },
  response: {
    responses: array({
      name: string,
      partitionResponses: array({
        index: int32,
        errorCode: int16,
        baseOffset: offset64,
        /** -1 where the records keep their producer's times. */
        logAppendTimeMs: offset64.since(2).default(-1),
        logStartOffset: offset64.since(5).default(-1),
        recordErrors: array({
          batchIndex: int32,
          batchIndexErrorMessage: string.nullable().default(null),
        }).since(8),
        errorMessage: string.since(8).nullableSince(8).default(null),
        currentLeader: struct({ leaderId: int32, leaderEpoch: int32 })
          .default({ leaderId: -1, leaderEpoch: -1 })
          .tagged(0, 10),
      }),
    }),
    throttleTimeMs: int32.since(1),
    nodeEndpoints: array({ nodeId: int32, host: string, port: int32, rack: string.nullable().default(null) }).tagged(
      0,
      10,
    ),
  },
});
