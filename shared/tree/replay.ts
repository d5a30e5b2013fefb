/** How an entry of a tree's log is loaded and applied. */
import { zxid } from "../brand.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { applyTransaction } from "./apply.ts";
import type { Transaction } from "./transaction.ts";
import { decodeTreeEntry } from "./tree-entry.ts";
import type { ZnodeTree } from "./znode-tree.ts";

/** @throws StorageCorruptError if the entry does not decode, or refers to a blob that is not there */
export async function loadTreeEntry(storage: Storage, entry: LogEntry): Promise<readonly Transaction[]> {
  const { payload } = entry;
  if (payload.kind === "inline") return decodeTreeEntry(entry, payload.bytes);
  const bytes = await storage.blobs.get(payload.key);
  if (bytes === undefined) throw new StorageCorruptError(`the payload of ${entry.logId}@${entry.position} is gone`);
  return decodeTreeEntry(entry, bytes);
}

/** @throws StorageCorruptError if the entry does not continue the tree, or its transactions do not fit */
export function applyTreeEntry(tree: ZnodeTree, entry: LogEntry, transactions: readonly Transaction[]): void {
  const continues = entry.position === tree.lastZxid + 1 || (entry.position === 0 && tree.lastZxid === 0);
  if (!continues) throw new StorageCorruptError(`${entry.logId}@${entry.position} applied after ${tree.lastZxid}`);
  transactions.forEach((transaction, index) => {
    applyTransaction(tree, transaction, zxid(entry.position + index), entry.appendedAtMs);
  });
}
