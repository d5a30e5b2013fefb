/** What each route of transactions takes and answers, by the key of `routes.ts`. */
import type { Operation } from "../operation.ts";
import type { OperationId } from "../routes.ts";
import { namespaceParams, noQuery, pageQuery } from "../schemas/common.ts";
import * as transactions from "../schemas/transactions.ts";

const idErrors = ["UNKNOWN_NAMESPACE", "BAD_ARGUMENTS"] as const;
const producerErrors = [
  ...idErrors,
  "PRODUCER_FENCED",
  "INVALID_PRODUCER_ID_MAPPING",
  "INVALID_TXN_STATE",
  "CONCURRENT_TRANSACTIONS",
] as const;
const topicErrors = ["UNKNOWN_TOPIC_OR_PARTITION", "INVALID_TOPIC_EXCEPTION"] as const;
const offsetErrors = [
  "INVALID_GROUP_ID",
  "UNKNOWN_MEMBER_ID",
  "STALE_MEMBER_EPOCH",
  "FENCED_MEMBER_EPOCH",
  "OFFSET_METADATA_TOO_LARGE",
  "INVALID_COMMIT_OFFSET_SIZE",
] as const;
const endTransaction = {
  params: transactions.transactionParams,
  query: noQuery,
  body: transactions.endTransactionBody,
  status: 200,
  answer: transactions.endTransactionAnswer,
  errors: producerErrors,
} as const;

export const operations = {
  writeAtomically: {
    summary: "Produce to many partitions and commit offsets in one request: all or nothing",
    params: namespaceParams,
    query: noQuery,
    body: transactions.writeAtomicallyBody,
    keyed: true,
    status: 200,
    answer: transactions.writeAtomicallyAnswer,
    errors: ["UNKNOWN_NAMESPACE", ...topicErrors, "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", ...offsetErrors],
  },
  listTransactions: {
    summary: "List transactional ids and their transactions",
    params: namespaceParams,
    query: pageQuery,
    status: 200,
    answer: transactions.listTransactionsAnswer,
    errors: idErrors,
  },
  describeTransaction: {
    summary: "Describe a transactional id and its transaction",
    params: transactions.transactionParams,
    query: noQuery,
    status: 200,
    answer: transactions.describeTransactionAnswer,
    errors: [...idErrors, "TRANSACTIONAL_ID_NOT_FOUND"],
  },
  addPartitionsToTransaction: {
    summary: "Begin a transaction if none is open, and add partitions to it",
    params: transactions.transactionParams,
    query: noQuery,
    body: transactions.addPartitionsBody,
    status: 204,
    errors: [...producerErrors, ...topicErrors],
  },
  addOffsetsToTransaction: {
    summary: "Begin a transaction if none is open, and add offsets that are committed with it",
    params: transactions.transactionParams,
    query: noQuery,
    body: transactions.addOffsetsBody,
    status: 204,
    errors: [...producerErrors, ...offsetErrors],
  },
  commitTransaction: { summary: "Commit a transaction", ...endTransaction },
  abortTransaction: { summary: "Abort a transaction", ...endTransaction },
} as const satisfies Partial<Record<OperationId, Operation>>;
