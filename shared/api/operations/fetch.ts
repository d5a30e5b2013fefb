/** What each route of fetch takes and answers, by the key of `routes.ts`. */
import type { Operation } from "../operation.ts";
import type { OperationId } from "../routes.ts";
import { noQuery, partitionParams } from "../schemas/common.ts";
import { fetchAnswer, fetchQuery, listOffsetAnswer, listOffsetQuery } from "../schemas/fetch.ts";
import { subscribedAnswer, subscribeToPartitionBody } from "../schemas/push.ts";
import { partitionErrors, subscribingErrors } from "./shared-errors.ts";

export const operations = {
  fetch: {
    summary: "Fetch records, or whole record batches, from an offset",
    params: partitionParams,
    query: fetchQuery,
    batches: {},
    status: 200,
    answer: fetchAnswer,
    errors: [...partitionErrors, "OFFSET_OUT_OF_RANGE", "NOT_ACCEPTABLE"],
  },
  listOffset: {
    summary: "Find the first, the next or a timestamp's offset",
    params: partitionParams,
    query: listOffsetQuery,
    status: 200,
    answer: listOffsetAnswer,
    errors: partitionErrors,
  },
  subscribeToPartition: {
    summary: "Have a WebSocket connection told when the partition grows",
    params: partitionParams,
    query: noQuery,
    body: subscribeToPartitionBody,
    status: 201,
    answer: subscribedAnswer,
    errors: [...partitionErrors, ...subscribingErrors],
  },
} as const satisfies Partial<Record<OperationId, Operation>>;
