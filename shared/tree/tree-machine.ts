/** What the log's writer needs to know of a tree: planning, storing and applying its entries. */
import { treeEntryTransactionsMax, treeInlineBytesMax } from "../limits.ts";
import type { AppendResult } from "../log/append-result.ts";
import { type Instant, instantOf } from "../log/evidence.ts";
import { treeLogId } from "../log/log-id.ts";
import type { DraftPayload, Group, LogMachine, Plan } from "../log/log-machine.ts";
import { znodeBlobKey } from "../storage/item-keys.ts";
import type { LogEntry, LogId, Payload } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { planWrites } from "./plan-writes.ts";
import { requestBytes } from "./prepare.ts";
import { type RecoveredTree, recoverTree } from "./recover-tree.ts";
import { applyTreeEntry, loadTreeEntry } from "./replay.ts";
import { encodeTransactions } from "./transaction-codec.ts";
import type { Transaction } from "./transaction.ts";
import { encodeTreeEntryMeta } from "./tree-entry.ts";
import type { TreeRefusal, TreeRequest, TreeResult } from "./tree-request.ts";
import type { ZnodeTree } from "./znode-tree.ts";

/** Told what happens to the tree of this process; must not throw. */
export interface TreeObserver {
  recovered(tree: RecoveredTree): void;
  /** After an entry was applied, whoever wrote it. */
  applied(tree: ZnodeTree, entry: LogEntry, transactions: readonly Transaction[]): void;
  /** After an entry of this process was applied; its callers are answered when this resolves, which it always does. */
  appended(tree: ZnodeTree, transactions: readonly Transaction[]): Promise<void>;
}

export class TreeMachine implements LogMachine<
  ZnodeTree,
  readonly Transaction[],
  TreeRequest,
  TreeResult,
  TreeRefusal
> {
  readonly logId: LogId;
  readonly keepsEntries = true;
  readonly groupRequestsMax = treeEntryTransactionsMax;
  readonly groupBytesMax = treeInlineBytesMax;
  readonly #storage: Storage;
  readonly #namespace: string;
  readonly #observer: TreeObserver;
  /** What this process drafted last, so that its own entry need not be loaded again. */
  readonly #drafted: { payload?: Payload; transactions: readonly Transaction[] } = { transactions: [] };

  constructor(storage: Storage, namespace: string, observer: TreeObserver) {
    this.#storage = storage;
    this.#namespace = namespace;
    this.#observer = observer;
    this.logId = treeLogId(namespace);
  }

  async recover(): Promise<RecoveredTree> {
    const recovered = await recoverTree(this.#storage, this.#namespace);
    this.#observer.recovered(recovered);
    return recovered;
  }

  load(entry: LogEntry): Promise<readonly Transaction[]> | readonly Transaction[] {
    if (entry.payload === this.#drafted.payload) return this.#drafted.transactions;
    return loadTreeEntry(this.#storage, entry);
  }

  apply(tree: ZnodeTree, entry: LogEntry, transactions: readonly Transaction[]): void {
    applyTreeEntry(tree, entry, transactions);
    this.#observer.applied(tree, entry, transactions);
  }

  appended(tree: ZnodeTree): Promise<void> {
    return this.#observer.appended(tree, this.#drafted.transactions);
  }

  answered({ chain }: TreeRequest, { kind }: AppendResult<TreeResult, TreeRefusal>): void {
    if (chain !== undefined && (kind === "failed" || kind === "unknown")) chain.broken = true;
  }

  requestBytes(request: TreeRequest): number {
    return requestBytes(request);
  }

  group(requests: readonly TreeRequest[]): Group<ZnodeTree, TreeResult, TreeRefusal> {
    let stored: Stored | undefined;
    return {
      plan: (tree, position, at): Plan<TreeResult, TreeRefusal> => {
        const { transactions, answers } = planWrites(tree, requests, position, at.wallMs);
        if (transactions.length === 0) return { answers };
        const bytes = encodeTransactions(transactions);
        const payload = async (): Promise<DraftPayload> => {
          // Planned again to the same bytes, as after losing to a writer elsewhere in the tree: the blob still serves.
          if (stored === undefined || !sameBytes(stored.bytes, bytes)) stored = await this.#store(bytes);
          this.#drafted.payload = stored.payload;
          this.#drafted.transactions = transactions;
          return stored;
        };
        const meta = encodeTreeEntryMeta(transactions.length, bytes);
        return { draft: { next: position + transactions.length, meta, payload }, answers };
      },
    };
  }

  async #store(bytes: Uint8Array): Promise<Stored> {
    if (bytes.length <= treeInlineBytesMax) return { bytes, payload: { kind: "inline", bytes } };
    const storedAt = instantOf(this.#storage.clock);
    const key = znodeBlobKey(this.#namespace, this.#storage.random.id());
    await this.#storage.blobs.put(key, [bytes]);
    return { bytes, payload: { kind: "blob", key, lengthBytes: bytes.length }, storedAt };
  }
}

interface Stored extends DraftPayload {
  readonly bytes: Uint8Array;
  readonly payload: Payload;
  readonly storedAt?: Instant;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
