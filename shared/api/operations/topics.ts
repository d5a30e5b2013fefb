/** What each route of namespaces and topics takes and answers, by the key of `routes.ts`. */
import type { Operation } from "../operation.ts";
import type { OperationId } from "../routes.ts";
import { namespaceParams, noParams, noQuery, pageQuery, topicParams } from "../schemas/common.ts";
import { createNamespaceBody, listNamespacesAnswer, namespaceAnswer } from "../schemas/namespaces.ts";
import { alterTopicBody, createTopicBody, listTopicsAnswer, topicAnswer } from "../schemas/topics.ts";
import { partitionErrors } from "./shared-errors.ts";

export const operations = {
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
    errors: ["BAD_ARGUMENTS"],
  },
  deleteNamespace: {
    summary: "Delete a namespace that has no topics, znodes or sessions; its groups and transactional ids go with it",
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
      "BAD_ARGUMENTS",
    ],
  },
  listTopics: {
    summary: "List topics",
    params: namespaceParams,
    query: pageQuery,
    status: 200,
    answer: listTopicsAnswer,
    errors: ["UNKNOWN_NAMESPACE", "BAD_ARGUMENTS"],
  },
  describeTopic: {
    summary: "Describe a topic",
    params: topicParams,
    query: noQuery,
    status: 200,
    answer: topicAnswer,
    errors: partitionErrors,
  },
  describePartitions: {
    summary: "Describe a topic, for whoever may produce to it",
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
    errors: [...partitionErrors, "INVALID_PARTITIONS", "INVALID_CONFIG", "BAD_ARGUMENTS"],
  },
  deleteTopic: {
    summary: "Delete a topic with all its records",
    params: topicParams,
    query: noQuery,
    keyed: true,
    status: 204,
    errors: [...partitionErrors, "BAD_ARGUMENTS"],
  },
} as const satisfies Partial<Record<OperationId, Operation>>;
