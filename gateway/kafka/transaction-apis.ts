/** The APIs of transactions, beside InitProducerId. */
import { type ApiEntry, entry } from "./handler.ts";
import { handleDescribeTransactions, handleListTransactions } from "./handlers/describe-transactions.ts";
import { describeTransactions, listTransactions } from "./protocol/apis/describe-transactions.ts";

export const transactionApis: readonly ApiEntry[] = [
  entry(describeTransactions, "free", handleDescribeTransactions),
  entry(listTransactions, "free", handleListTransactions),
];
