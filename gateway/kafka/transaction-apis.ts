/** The APIs of transactions, beside InitProducerId. */
import { type ApiEntry, entry } from "./handler.ts";
import { handleAddOffsetsToTxn } from "./handlers/add-offsets-to-txn.ts";
import { handleAddPartitionsToTxn } from "./handlers/add-partitions-to-txn.ts";
import { handleDescribeProducers } from "./handlers/describe-producers.ts";
import { handleDescribeTransactions, handleListTransactions } from "./handlers/describe-transactions.ts";
import { handleEndTxn } from "./handlers/end-txn.ts";
import { handleTxnOffsetCommit } from "./handlers/txn-offset-commit.ts";
import { addOffsetsToTxn } from "./protocol/apis/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "./protocol/apis/add-partitions-to-txn.ts";
import { describeProducers } from "./protocol/apis/describe-producers.ts";
import { describeTransactions, listTransactions } from "./protocol/apis/describe-transactions.ts";
import { endTxn } from "./protocol/apis/end-txn.ts";
import { txnOffsetCommit } from "./protocol/apis/txn-offset-commit.ts";

export const transactionApis: readonly ApiEntry[] = [
  entry(addPartitionsToTxn, "turns", handleAddPartitionsToTxn),
  entry(addOffsetsToTxn, "turns", handleAddOffsetsToTxn),
  entry(txnOffsetCommit, "turns", handleTxnOffsetCommit),
  entry(endTxn, "turns", handleEndTxn),
  entry(describeProducers, "free", handleDescribeProducers),
  entry(describeTransactions, "free", handleDescribeTransactions),
  entry(listTransactions, "free", handleListTransactions),
];
