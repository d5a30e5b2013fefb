/** What each route of transactions takes and answers, by the key of `routes.ts`. */
import type { Operation } from "../operation.ts";
import type { OperationId } from "../routes.ts";
import { namespaceParams, noQuery, pageQuery } from "../schemas/common.ts";
import * as transactions from "../schemas/transactions.ts";
import { commitErrors } from "./shared-errors.ts";

const idErrors = ["UNKNOWN_NAMESPACE", "BAD_ARGUMENTS"] as const;
const producerErrors = ["BAD_ARGUMENTS", "PRODUCER_FENCED", "INVALID_PRODUCER_ID_MAPPING"] as const;
const topicErrors = ["UNKNOWN_TOPIC_OR_PARTITION", "INVALID_TOPIC_EXCEPTION"] as const;
const offsetErrors = [
  "UNKNOWN_TOPIC_OR_PARTITION",
  "INVALID_GROUP_ID",
  "INCONSISTENT_GROUP_PROTOCOL",
  ...commitErrors,
] as const;
const endTransaction = {
  params: transactions.transactionParams,
  query: noQuery,
  body: transactions.endTransactionBody,
  status: 200,
  answer: transactions.endTransactionAnswer,
  errors: [...producerErrors, "INVALID_TXN_STATE", "UNKNOWN_NAMESPACE"],
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
    errors: [...idErrors, "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "INVALID_TIMESTAMP", ...offsetErrors],
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
    errors: [...producerErrors, "CONCURRENT_TRANSACTIONS", "UNKNOWN_NAMESPACE", ...topicErrors],
  },
  addOffsetsToTransaction: {
    summary: "Begin a transaction if none is open, and add offsets that are committed with it",
    params: transactions.transactionParams,
    query: noQuery,
    body: transactions.addOffsetsBody,
    status: 204,
    errors: [...producerErrors, "CONCURRENT_TRANSACTIONS", "UNKNOWN_NAMESPACE", ...offsetErrors],
  },
  commitTransaction: { summary: "Commit a transaction", ...endTransaction },
  abortTransaction: { summary: "Abort a transaction", ...endTransaction },
} as const satisfies Partial<Record<OperationId, Operation>>;
