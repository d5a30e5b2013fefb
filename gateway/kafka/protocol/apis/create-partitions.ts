import { api } from "../api.ts";
import { array, bool, int16, int32, string } from "../types.ts";

export const createPartitions = api({
  key: 37,
  name: "CreatePartitions",
  versions: [0, 3],
  flexibleSince: 2,
  request: {
    topics: array({
      name: string,
      /** How many there are to be, the present ones among them. */
      count: int32,
      assignments: array({ brokerIds: array(int32) })
        .nullable()
        .default(null),
    }),
    timeoutMs: int32.default(60_000),
    validateOnly: bool.default(false),
  },
  response: {
    throttleTimeMs: int32.default(0),
    results: array({ name: string, errorCode: int16, errorMessage: string.nullable().default(null) }),
  },
});
