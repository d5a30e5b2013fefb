import { api } from "../api.ts";
import { array, int16, int32, int64, offset64, string } from "../types.ts";

/** KIP-664. */
export const describeTransactions = api({
  key: 65,
  name: "DescribeTransactions",
  versions: [0, 0],
  flexibleSince: 0,
  request: { transactionalIds: array(string) },
  response: {
    throttleTimeMs: int32.default(0),
    transactionStates: array({
      errorCode: int16,
      transactionalId: string,
      transactionState: string.default(""),
      transactionTimeoutMs: int32.default(0),
      /** -1 while no transaction is under way. */
      transactionStartTimeMs: offset64.default(-1),
      producerId: int64.default(-1n),
      producerEpoch: int16.default(-1),
      topics: array({ topic: string, partitions: array(int32) }).default([]),
    }),
  },
});

/** KIP-664; v1 filters by age (KIP-994). */
export const listTransactions = api({
  key: 66,
  name: "ListTransactions",
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    /** Empty for all. */
    stateFilters: array(string).default([]),
    producerIdFilters: array(int64).default([]),
    /** Only those that are under way for longer than this, in ms; negative for all. */
    durationFilter: offset64.since(1).default(-1),
  },
  response: {
    throttleTimeMs: int32.default(0),
    errorCode: int16,
    unknownStateFilters: array(string).default([]),
    transactionStates: array({ transactionalId: string, producerId: int64, transactionState: string }),
  },
});
