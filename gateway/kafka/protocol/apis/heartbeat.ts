import { api } from "../api.ts";
import { int16, int32, string } from "../types.ts";

export const heartbeat = api({
  key: 12,
  name: "Heartbeat",
  versions: [0, 4],
  flexibleSince: 4,
  request: {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.since(3).nullable().default(null),
  },
  response: { throttleTimeMs: int32.since(1), errorCode: int16 },
});
