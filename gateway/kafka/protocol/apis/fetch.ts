import { api } from "../api.ts";
import { array, int16, int32, int64, int8, offset64, records, string, struct } from "../types.ts";

export const fetch = api({
  key: 1,
  name: "Fetch",
  versions: [4, 12],
  flexibleSince: 12,
  request: {
    clusterId: string.nullable().default(null).tagged(0, 12),
    replicaId: int32.default(-1),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(2_147_483_647),
    /** 0 read_uncommitted, 1 read_committed. */
    isolationLevel: int8,
    sessionId: int32.since(7),
    sessionEpoch: int32.since(7).default(-1),
    topics: array({
      topic: string,
      partitions: array({
        partition: int32,
        currentLeaderEpoch: int32.since(9).default(-1),
        fetchOffset: offset64,
        lastFetchedEpoch: int32.since(12).default(-1),
        logStartOffset: offset64.since(5).default(-1),
        partitionMaxBytes: int32,
      }),
    }),
    forgottenTopicsData: array({ topic: string, partitions: array(int32) }).since(7),
    rackId: string.since(11),
  },
  response: {
    throttleTimeMs: int32.since(1),
    errorCode: int16.since(7),
    sessionId: int32.since(7),
    responses: array({
      topic: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        highWatermark: offset64,
        lastStableOffset: offset64.since(4).default(-1),
        logStartOffset: offset64.since(5).default(-1),
        divergingEpoch: struct({ epoch: int32, endOffset: offset64 })
          .default({ epoch: -1, endOffset: -1 })
          .tagged(0, 12),
        currentLeader: struct({ leaderId: int32, leaderEpoch: int32 })
          .default({ leaderId: -1, leaderEpoch: -1 })
          .tagged(1, 12),
        snapshotId: struct({ endOffset: offset64, epoch: int32 }).default({ endOffset: -1, epoch: -1 }).tagged(2, 12),
        abortedTransactions: array({ producerId: int64, firstOffset: offset64 }).since(4).nullableSince(4),
        preferredReadReplica: int32.since(11).default(-1),
        records: records.nullable(),
      }),
    }),
  },
});
