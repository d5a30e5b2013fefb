import { api } from "../api.ts";
import { int16, int32, int64, string } from "../types.ts";

export const initProducerId = api({
  key: 22,
  name: "InitProducerId",
  versions: [0, 4],
  flexibleSince: 2,
  request: {
    transactionalId: string.nullable(),
    transactionTimeoutMs: int32,
    producerId: int64.since(3).default(-1n),
    producerEpoch: int16.since(3).default(-1),
  },
  response: {
    throttleTimeMs: int32,
    errorCode: int16,
    producerId: int64.default(-1n),
    producerEpoch: int16.default(-1),
  },
});
