import { api } from "../api.ts";
import { array, bool, int16, int32, offset64, string } from "../types.ts";

const askedTopics = array({ name: string, partitionIndexes: array(int32) });

const partition = {
  partitionIndex: int32,
  committedOffset: offset64,
  committedLeaderEpoch: int32.since(5).default(-1),
  metadata: string.nullable(),
  errorCode: int16,
};
const answeredTopics = array({ name: string, partitions: array(partition) });

export const offsetFetch = api({
  key: 9,
  name: "OffsetFetch",
  versions: [1, 9],
  flexibleSince: 6,
  request: {
    groupId: string.upTo(7),
    // Null stands for all.
    topics: askedTopics.upTo(7).nullableSince(2),
    groups: array({
      groupId: string,
      memberId: string.since(9).nullable().default(null),
      memberEpoch: int32.since(9).default(-1),
      topics: askedTopics.nullable(),
    }).since(8),
    requireStable: bool.since(7),
  },
  response: {
    throttleTimeMs: int32.since(3),
    topics: answeredTopics.upTo(7),
    errorCode: int16.since(2).upTo(7),
    groups: array({ groupId: string, topics: answeredTopics, errorCode: int16 }).since(8),
  },
});
