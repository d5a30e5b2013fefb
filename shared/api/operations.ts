/** What each route takes and answers, by the key of `routes.ts`. */
import type * as z from "zod";
import type { ErrorCode } from "./errors.ts";
import type { OperationId } from "./routes.ts";
import { namespaceParams, noParams, noQuery, pageQuery, partitionParams, topicParams } from "./schemas/common.ts";
import { fetchAnswer, fetchQuery, listOffsetAnswer, listOffsetQuery } from "./schemas/fetch.ts";
import * as elections from "./schemas/elections.ts";
import { healthAnswer, healthQuery } from "./schemas/health.ts";
import { createNamespaceBody, listNamespacesAnswer, namespaceAnswer } from "./schemas/namespaces.ts";
import * as produce from "./schemas/produce.ts";
import * as sessions from "./schemas/sessions.ts";
import { alterTopicBody, createTopicBody, listTopicsAnswer, topicAnswer } from "./schemas/topics.ts";

import * as znodes from "./schemas/znodes.ts";

export interface Operation {
  /** One line for the OpenAPI document. */
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** Absent: the request has no body. */
  readonly body?: z.ZodObject;
  /** The body may be left out; it then counts as `{}`. */
  readonly bodyOptional?: boolean;
  /** The same route with record batches in place of JSON, in the request or in the answer. */
  readonly batches?: { readonly query?: z.ZodObject; readonly answer?: z.ZodObject };
  readonly status: 200 | 201 | 204;
  /** Absent: the answer has no body. */
  readonly answer?: z.ZodObject;
  /** Takes an `Idempotency-Key`. */
  readonly keyed?: boolean;
  /** Looks at who asks, by the headers for that: under a session or none, or as the session that the path names. */
  readonly session?: "any" | "own";
  /** What this operation answers beside the errors that any may. */
  readonly errors: readonly ErrorCode[];
}

const partitionErrors = ["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_NAMESPACE", "INVALID_TOPIC_EXCEPTION"] as const;
const callerErrors = ["UNKNOWN_NAMESPACE", "SESSION_EXPIRED", "AUTH_FAILED", "BAD_ARGUMENTS"] as const;
const readErrors = [...callerErrors, "NO_NODE", "NO_AUTH"] as const;
const createErrors = ["NODE_EXISTS", "NO_CHILDREN_FOR_EPHEMERALS", "INVALID_ACL", "QUOTA_EXCEEDED"] as const;
const setErrors = [...readErrors, "BAD_VERSION", "INVALID_ACL", "QUOTA_EXCEEDED"] as const;
const appendErrors = ["MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "REQUEST_TIMED_OUT"] as const;
const conditionErrors = ["BAD_VERSION", "FENCED", "OUT_OF_ORDER_SEQUENCE_NUMBER", "INVALID_PRODUCER_EPOCH"] as const;
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
    errors: [...partitionErrors, ...appendErrors, ...conditionErrors, ...batchErrors],
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
    summary: "Get an id for an idempotent producer",
    params: namespaceParams,
    query: noQuery,
    body: produce.createProducerBody,
    bodyOptional: true,
    status: 200,
    answer: produce.createProducerAnswer,
    errors: ["UNKNOWN_NAMESPACE"],
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
  createSession: {
    summary: "Open a session",
    params: namespaceParams,
    query: noQuery,
    body: sessions.createSessionBody,
    bodyOptional: true,
    status: 201,
    answer: sessions.createSessionAnswer,
    errors: ["UNKNOWN_NAMESPACE", "QUOTA_EXCEEDED"],
  },
  describeSession: {
    summary: "Describe a session and what goes with it",
    params: sessions.sessionParams,
    query: noQuery,
    session: "own",
    status: 200,
    answer: sessions.describeSessionAnswer,
    errors: ["UNKNOWN_NAMESPACE", "SESSION_EXPIRED", "AUTH_FAILED"],
  },
  heartbeat: {
    summary: "Keep a session alive, or take it up again in another process",
    params: sessions.sessionParams,
    query: noQuery,
    session: "own",
    status: 200,
    answer: sessions.heartbeatAnswer,
    errors: ["UNKNOWN_NAMESPACE", "SESSION_EXPIRED", "AUTH_FAILED"],
  },
  closeSession: {
    summary: "Close a session: its ephemerals go at one zxid",
    params: sessions.sessionParams,
    query: noQuery,
    session: "own",
    status: 200,
    answer: znodes.zxidAnswer,
    errors: ["UNKNOWN_NAMESPACE", "SESSION_EXPIRED", "AUTH_FAILED"],
  },
  getRoot: {
    summary: "Read the root: its data, Stat, children or access control list, or count what is below it",
    params: namespaceParams,
    query: znodes.getZnodeQuery,
    session: "any",
    status: 200,
    answer: znodes.getZnodeAnswer,
    errors: readErrors.filter((code) => code !== "NO_NODE"),
  },
  setRoot: {
    summary: "Change the root's data or access control list",
    params: namespaceParams,
    query: znodes.setZnodeQuery,
    body: znodes.setZnodeBody,
    session: "any",
    keyed: true,
    status: 200,
    answer: znodes.createdAnswer,
    errors: setErrors.filter((code) => code !== "NO_NODE"),
  },
  createZnode: {
    summary: "Create a znode",
    params: znodes.znodeParams,
    query: noQuery,
    body: znodes.createZnodeBody,
    bodyOptional: true,
    session: "any",
    keyed: true,
    status: 201,
    answer: znodes.createdAnswer,
    errors: [...readErrors, ...createErrors],
  },
  getZnode: {
    summary: "Read a znode: its data, Stat, children or access control list, or count what is below it",
    params: znodes.znodeParams,
    query: znodes.getZnodeQuery,
    session: "any",
    status: 200,
    answer: znodes.getZnodeAnswer,
    errors: readErrors,
  },
  setZnode: {
    summary: "Change a znode's data or access control list",
    params: znodes.znodeParams,
    query: znodes.setZnodeQuery,
    body: znodes.setZnodeBody,
    session: "any",
    keyed: true,
    status: 200,
    answer: znodes.createdAnswer,
    errors: setErrors,
  },
  deleteZnode: {
    summary: "Delete a znode that has no children",
    params: znodes.znodeParams,
    query: znodes.deleteZnodeQuery,
    session: "any",
    keyed: true,
    status: 200,
    answer: znodes.zxidAnswer,
    errors: [...readErrors, "BAD_VERSION", "NOT_EMPTY"],
  },
  multi: {
    summary: "Several writes and checks at one zxid: all or nothing",
    params: namespaceParams,
    query: noQuery,
    body: znodes.multiBody,
    session: "any",
    keyed: true,
    status: 200,
    answer: znodes.multiAnswer,
    errors: [...readErrors, ...createErrors, "BAD_VERSION", "NOT_EMPTY", "FENCED"],
  },
  multiRead: {
    summary: "Several reads of one state of the tree, each with its own result or error",
    params: namespaceParams,
    query: noQuery,
    body: znodes.multiReadBody,
    session: "any",
    status: 200,
    answer: znodes.multiReadAnswer,
    errors: callerErrors,
  },
  getChanges: {
    summary: "What has happened since a zxid, to a znode or to all below it",
    params: namespaceParams,
    query: znodes.changesQuery,
    session: "any",
    status: 200,
    answer: znodes.changesAnswer,
    errors: [...callerErrors, "OFFSET_OUT_OF_RANGE"],
  },
  whoAmI: {
    summary: "Who the service takes the caller for",
    params: namespaceParams,
    query: noQuery,
    session: "any",
    status: 200,
    answer: znodes.whoAmIAnswer,
    errors: ["AUTH_FAILED"],
  },
  campaign: {
    summary: "Stand for election, and wait to be elected",
    params: elections.electionParams,
    query: noQuery,
    body: elections.campaignBody,
    bodyOptional: true,
    session: "any",
    status: 200,
    answer: elections.campaignAnswer,
    errors: [...callerErrors, "NO_AUTH", "QUOTA_EXCEEDED"],
  },
  resign: {
    summary: "Stand down",
    params: elections.electionParams,
    query: noQuery,
    body: elections.contenderBody,
    bodyOptional: true,
    session: "any",
    status: 204,
    errors: [...callerErrors, "NO_NODE", "NO_AUTH"],
  },
  proclaim: {
    summary: "Change what the leader has to say",
    params: elections.electionParams,
    query: noQuery,
    body: elections.proclaimBody,
    session: "any",
    status: 200,
    answer: elections.proclaimAnswer,
    errors: [...callerErrors, "NO_NODE", "FENCED"],
  },
  describeElection: {
    summary: "Who leads",
    params: elections.electionParams,
    query: noQuery,
    session: "any",
    status: 200,
    answer: elections.electionAnswer,
    errors: [...callerErrors, "NO_AUTH"],
  },
  observeElection: {
    summary: "Wait for another leader, or for what the leader proclaims",
    params: elections.electionParams,
    query: elections.observeQuery,
    session: "any",
    status: 200,
    answer: elections.observeAnswer,
    errors: [...callerErrors, "NO_AUTH"],
  },
  acquireLock: {
    summary: "Acquire a lock, and wait for it",
    params: elections.lockParams,
    query: noQuery,
    body: elections.acquireBody,
    bodyOptional: true,
    session: "any",
    status: 200,
    answer: elections.acquireAnswer,
    errors: [...callerErrors, "NO_AUTH", "QUOTA_EXCEEDED"],
  },
  releaseLock: {
    summary: "Release a lock, or leave its line",
    params: elections.lockParams,
    query: noQuery,
    body: elections.contenderBody,
    bodyOptional: true,
    session: "any",
    status: 204,
    errors: [...callerErrors, "NO_NODE", "NO_AUTH"],
  },
  describeLock: {
    summary: "Who holds a lock, and how many wait",
    params: elections.lockParams,
    query: noQuery,
    session: "any",
    status: 200,
    answer: elections.lockAnswer,
    errors: [...callerErrors, "NO_AUTH"],
  },
} as const satisfies Record<OperationId, Operation>;

export type Operations = typeof operations;
