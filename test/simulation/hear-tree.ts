import { treeLogId } from "../../shared/log/log-id.ts";
import type { SimulatedStore } from "../../shared/storage/memory/simulated-store.ts";
import type { Transaction } from "../../shared/tree/transaction.ts";
import { decodeTreeEntry } from "../../shared/tree/tree-entry.ts";

/** Tells of every transaction of a tree that is stored from now on, in the order of their zxids, whoever wrote it. */
export function hearTree(
  { logs }: SimulatedStore,
  namespace: string,
  hear: (transaction: Transaction, zxid: number) => void,
): void {
  const put = logs.put.bind(logs);
  logs.put = (entry) => {
    const existing = put(entry);
    if (existing !== undefined || entry.logId !== treeLogId(namespace)) return existing;
    if (entry.payload.kind !== "inline") throw new Error(`the entry at ${entry.position} is too large to be looked at`);
    const transactions = decodeTreeEntry(entry, entry.payload.bytes);
    for (const [index, transaction] of transactions.entries()) hear(transaction, entry.position + index);
    return undefined;
  };
}
