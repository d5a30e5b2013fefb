import { api } from "../api.ts";
import { array, int16, int32, offset64, string } from "../types.ts";

export const deleteRecords = api({
  key: 21,
  name: "DeleteRecords",
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    topics: array({
      name: string,
      /** An offset of -1 stands for the high watermark. */
      partitions: array({ partitionIndex: int32, offset: offset64 }),
    }),
    timeoutMs: int32.default(60_000),
  },
  response: {
    throttleTimeMs: int32.default(0),
    topics: array({
      name: string,
      partitions: array({ partitionIndex: int32, lowWatermark: offset64.default(-1), errorCode: int16 }),
    }),
  },
});
