/** What each route of produce takes and answers, by the key of `routes.ts`. */
import type { Operation } from "../operation.ts";
import type { OperationId } from "../routes.ts";
import { namespaceParams, noQuery, partitionParams, topicParams } from "../schemas/common.ts";
import * as produce from "../schemas/produce.ts";
import { partitionErrors } from "./shared-errors.ts";

const appendErrors = ["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "REQUEST_TIMED_OUT"] as const;
const conditionErrors = ["BAD_VERSION", "FENCED", "OUT_OF_ORDER_SEQUENCE_NUMBER", "INVALID_PRODUCER_EPOCH"] as const;
const transactionErrors = ["PRODUCER_FENCED", "INVALID_PRODUCER_ID_MAPPING", "INVALID_TXN_STATE"] as const;
const batchErrors = [
  "BAD_ARGUMENTS",
  "CORRUPT_MESSAGE",
  "INVALID_TIMESTAMP",
  "UNSUPPORTED_COMPRESSION_TYPE",
  "UNSUPPORTED_FOR_MESSAGE_FORMAT",
] as const;

export const operations = {
  produce: {
    summary: "Produce records to the partitions that their keys lead to",
    params: topicParams,
    query: noQuery,
    body: produce.produceBody,
    keyed: true,
    status: 200,
    answer: produce.produceAnswer,
    errors: [...partitionErrors, ...appendErrors],
  },
  produceToPartition: {
    summary: "Produce records, or whole record batches, to one partition: all or nothing",
    params: partitionParams,
    query: noQuery,
    body: produce.produceToPartitionBody,
    keyed: true,
    batches: { query: produce.produceBatchesQuery, answer: produce.produceBatchesAnswer },
    status: 200,
    answer: produce.produceToPartitionAnswer,
    errors: [...partitionErrors, ...appendErrors, ...conditionErrors, ...transactionErrors, ...batchErrors],
  },
  truncate: {
    summary: "Delete the records before an offset",
    params: partitionParams,
    query: noQuery,
    body: produce.truncateBody,
    status: 200,
    answer: produce.truncateAnswer,
    errors: [...partitionErrors, "OFFSET_OUT_OF_RANGE", "POLICY_VIOLATION"],
  },
  createProducer: {
    summary: "Get an id for an idempotent or a transactional producer",
    params: namespaceParams,
    query: noQuery,
    body: produce.createProducerBody,
    bodyOptional: true,
    status: 200,
    answer: produce.createProducerAnswer,
    errors: ["UNKNOWN_NAMESPACE", "INVALID_TRANSACTION_TIMEOUT", "CONCURRENT_TRANSACTIONS", "BAD_ARGUMENTS"],
  },
  createTopicProducer: {
    summary: "Get an id for an idempotent producer of a topic",
    params: topicParams,
    query: noQuery,
    status: 200,
    answer: produce.createProducerAnswer,
    errors: [],
  },
} as const satisfies Partial<Record<OperationId, Operation>>;
