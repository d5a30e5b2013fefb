import { api } from "../api.ts";
import { array, int16, int32, int8, offset64, string } from "../types.ts";

/** Timestamps that stand for a place. */
export const offsetPoint = { latest: -1, earliest: -2, maxTimestamp: -3 } as const;

export const listOffsets = api({
  key: 2,
  name: "ListOffsets",
  versions: [1, 7],
  flexibleSince: 6,
  request: {
    replicaId: int32.default(-1),
    isolationLevel: int8.since(2),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        currentLeaderEpoch: int32.since(4).default(-1),
        timestamp: offset64,
      }),
    }),
  },
  response: {
    throttleTimeMs: int32.since(2),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: int16,
        timestamp: offset64.default(-1),
        offset: offset64.default(-1),
        leaderEpoch: int32.since(4).default(-1),
      }),
    }),
  },
});
