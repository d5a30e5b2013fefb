import { api } from "../api.ts";
import { array, int16, int32, string, uuid, zeroUuid } from "../types.ts";

export const deleteTopics = api({
  key: 20,
  name: "DeleteTopics",
  versions: [1, 6],
  flexibleSince: 4,
  request: {
    topics: array({ name: string.nullable().default(null), topicId: uuid.default(zeroUuid) }).since(6),
    topicNames: array(string).upTo(5),
    timeoutMs: int32.default(60_000),
  },
  response: {
    throttleTimeMs: int32.default(0),
    responses: array({
      name: string.nullableSince(6),
      topicId: uuid.since(6),
      errorCode: int16,
      errorMessage: string.since(5).nullableSince(5).default(null),
    }),
  },
});
