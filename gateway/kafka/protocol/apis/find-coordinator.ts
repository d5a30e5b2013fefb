import { api } from "../api.ts";
import { array, int16, int32, int8, string } from "../types.ts";

/** What a coordinator is looked for. */
export const coordinatorOf = { group: 0, transaction: 1, share: 2 } as const;

/** From version 0 on, though nobody sends it: without it librdkafka sends what was to be lz4 uncompressed, and says nothing. */
export const findCoordinator = api({
  key: 10,
  name: "FindCoordinator",
  versions: [0, 4],
  flexibleSince: 3,
  request: {
    key: string.upTo(3),
    keyType: int8.since(1),
    coordinatorKeys: array(string).since(4),
  },
  response: {
    throttleTimeMs: int32.since(1),
    errorCode: int16.upTo(3),
    errorMessage: string.since(1).upTo(3).nullable().default(null),
    nodeId: int32.upTo(3),
    host: string.upTo(3),
    port: int32.upTo(3),
    coordinators: array({
      key: string,
      nodeId: int32,
      host: string,
      port: int32,
      errorCode: int16,
      errorMessage: string.nullable().default(null),
    }).since(4),
  },
});
