/** What each route takes and answers, by the key of `routes.ts`. */
import { coordinationOperations } from "./coordination-operations.ts";
import { groupsOperations } from "./group-operations.ts";
import type { Operation } from "./operation.ts";
import type { OperationId } from "./routes.ts";
import { namespaceParams, noParams, noQuery, pageQuery, partitionParams, topicParams } from "./schemas/common.ts";
import { fetchAnswer, fetchQuery, listOffsetAnswer, listOffsetQuery } from "./schemas/fetch.ts";
import { healthAnswer, healthQuery } from "./schemas/health.ts";
import { createNamespaceBody, listNamespacesAnswer, namespaceAnswer } from "./schemas/namespaces.ts";
import * as produce from "./schemas/produce.ts";
import { alterTopicBody, createTopicBody, listTopicsAnswer, topicAnswer } from "./schemas/topics.ts";
import { transactionOperations } from "./transaction-operations.ts";

const partitionErrors = ["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_NAMESPACE", "INVALID_TOPIC_EXCEPTION"] as const;
const appendErrors = ["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "REQUEST_TIMED_OUT"] as const;
const conditionErrors = ["BAD_VERSION", "FENCED", "OUT_OF_ORDER_SEQUENCE_NUMBER", "INVALID_PRODUCER_EPOCH"] as const;
const transactionErrors = ["PRODUCER_FENCED", "INVALID_PRODUCER_ID_MAPPING", "INVALID_TXN_STATE"] as const;
const batchErrors = ["CORRUPT_MESSAGE", "UNSUPPORTED_COMPRESSION_TYPE", "UNSUPPORTED_FOR_MESSAGE_FORMAT"] as const;

export const operations = {
  getHealth: {
    summary: "Whether the service lives and, unless only that is asked, whether it can write and read",
    params: noParams,
    query: healthQuery,
    status: 200,
    answer: healthAnswer,
    errors: ["KAFKA_STORAGE_ERROR"],
  },
  createNamespace: {
    summary: "Create a namespace",
    params: noParams,
    query: noQuery,
    body: createNamespaceBody,
    status: 201,
    answer: namespaceAnswer,
    errors: ["NAMESPACE_ALREADY_EXISTS", "BAD_ARGUMENTS"],
  },
  listNamespaces: {
    summary: "List namespaces",
    params: noParams,
    query: pageQuery,
    status: 200,
    answer: listNamespacesAnswer,
    errors: [],
  },
  deleteNamespace: {
    summary: "Delete an empty namespace",
    params: namespaceParams,
    query: noQuery,
    status: 204,
    errors: ["UNKNOWN_NAMESPACE", "NOT_EMPTY", "BAD_ARGUMENTS"],
  },
  createTopic: {
    summary: "Create a topic",
    params: namespaceParams,
    query: noQuery,
    body: createTopicBody,
    keyed: true,
    status: 201,
    answer: topicAnswer,
    errors: [
      "TOPIC_ALREADY_EXISTS",
      "INVALID_TOPIC_EXCEPTION",
      "INVALID_PARTITIONS",
      "INVALID_CONFIG",
      "UNKNOWN_NAMESPACE",
    ],
  },
  listTopics: {
    summary: "List topics",
    params: namespaceParams,
    query: pageQuery,
    status: 200,
    answer: listTopicsAnswer,
    errors: ["UNKNOWN_NAMESPACE"],
  },
  describeTopic: {
    summary: "Describe a topic",
    params: topicParams,
    query: noQuery,
    status: 200,
    answer: topicAnswer,
    errors: partitionErrors,
  },
  alterTopic: {
    summary: "Give a topic more partitions, or change its configuration",
    params: topicParams,
    query: noQuery,
    body: alterTopicBody,
    keyed: true,
    status: 200,
    answer: topicAnswer,
    errors: [...partitionErrors, "INVALID_PARTITIONS", "INVALID_CONFIG"],
  },
  deleteTopic: {
    summary: "Delete a topic with all its records",
    params: topicParams,
    query: noQuery,
    keyed: true,
    status: 204,
    errors: partitionErrors,
  },
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
    errors: [...partitionErrors, "OFFSET_OUT_OF_RANGE"],
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
  ...groupsOperations,
  ...transactionOperations,
  ...coordinationOperations,
} as const satisfies Record<OperationId, Operation>;

export type Operations = typeof operations;
