import { api } from "../api.ts";
import { bool, int16, int32, int64, string } from "../types.ts";

/** The first version that gives the producer another epoch with each end (KIP-890). */
export const raisesEpochSince = 5;

export const endTxn = api({
  key: 26,
  name: "EndTxn",
  versions: [0, 5],
  flexibleSince: 3,
  request: { transactionalId: string, producerId: int64, producerEpoch: int16, committed: bool },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    producerId: int64.since(5).default(-1n),
    producerEpoch: int16.since(5).default(-1),
  },
});
