/** Decides which of a group of requests become the transactions of the next entry, on a tree that is not changed: pure. */
import { type Zxid, zxid } from "../brand.ts";
import type { Answer } from "../log/log-machine.ts";
import { decodeResults } from "./operation-results.ts";
import { Overlay } from "./overlay.ts";
import { prepare } from "./prepare.ts";
import type { RememberedRequest } from "./remembered-requests.ts";
import type { Transaction } from "./transaction.ts";
import type { TreeRefusal, TreeRequest, TreeResult } from "./tree-request.ts";
import type { ZnodeTree } from "./znode-tree.ts";

type WriteAnswer = Answer<TreeResult, TreeRefusal>;

export interface WritePlan {
  /** One for each zxid from the position on; none if nothing is to be written. */
  readonly transactions: readonly Transaction[];
  readonly answers: readonly WriteAnswer[];
}

const genesis: Transaction = { changes: [{ kind: "genesis" }] };

/** @param position zxid of the first transaction */
export function planWrites(
  tree: ZnodeTree,
  requests: readonly TreeRequest[],
  position: number,
  time: number,
): WritePlan {
  const group = new WriteGroup(tree, position, time);
  const answers = requests.map((request) => group.judge(request));
  return { transactions: group.wrote ? group.transactions : [], answers };
}

class WriteGroup {
  /** The genesis takes zxid 0, so that the first thing that anyone creates is at 1 or later. */
  readonly transactions: Transaction[];
  wrote = false;
  readonly #tree: ZnodeTree;
  readonly #speculation: Overlay;
  readonly #position: number;
  readonly #time: number;
  /** Requests of this group that carry a key. */
  readonly #pending = new Map<string, { readonly fingerprint: number; readonly result: TreeResult }>();

  constructor(tree: ZnodeTree, position: number, time: number) {
    this.#tree = tree;
    this.#speculation = new Overlay(tree);
    this.#position = position;
    this.#time = time;
    this.transactions = position === 0 ? [genesis] : [];
  }

  judge(request: TreeRequest): WriteAnswer {
    if (request.chain?.broken === true) return { kind: "dropped" };
    const repeat = this.#judgeRepeat(request);
    if (repeat !== undefined) return repeat;
    const at = zxid(this.#position + this.transactions.length);
    if (request.operations.length === 0) {
      // Behind what this group writes, if it does.
      const last = this.wrote ? zxid(at - 1) : this.#tree.lastZxid;
      return { kind: this.wrote ? "written" : "settled", result: { zxid: last, results: [], repeated: false } };
    }
    const prepared = prepare(this.#speculation, request, at, this.#time);
    switch (prepared.kind) {
      case "prepared":
        return { kind: "written", result: this.#take(request, prepared.transaction, prepared.results, at) };
      case "invalid":
        return { kind: "refused", refusal: { ...prepared.refusal, zxid: at - 1 } };
      case "refused":
        return { kind: "doubtful", refusal: { ...prepared.refusal, zxid: at - 1 } };
    }
  }

  #take({ idempotency }: TreeRequest, transaction: Transaction, results: TreeResult["results"], at: Zxid): TreeResult {
    const result = { zxid: at, results, repeated: false };
    this.transactions.push(transaction);
    this.wrote = true;
    if (idempotency !== undefined) {
      this.#pending.set(idempotency.key, { fingerprint: idempotency.fingerprint, result });
    }
    return result;
  }

  #judgeRepeat({ idempotency }: TreeRequest): WriteAnswer | undefined {
    if (idempotency === undefined) return undefined;
    const pending = this.#pending.get(idempotency.key);
    const known = pending ?? this.#tree.requests.get(idempotency.key);
    if (known === undefined) return undefined;
    if (known.fingerprint !== idempotency.fingerprint) return { kind: "refused", refusal: reusedKey };
    return pending === undefined
      ? { kind: "settled", result: resultOfRepeat(known as RememberedRequest) }
      : { kind: "written", result: { ...pending.result, repeated: true } };
  }
}

const reusedKey: TreeRefusal = {
  code: "IDEMPOTENCY_KEY_REUSED",
  message: "the idempotency key was used for another request",
};

/** What the first of two equal requests was answered. */
function resultOfRepeat({ zxid, results }: RememberedRequest): TreeResult {
  return { zxid, results: decodeResults(results), repeated: true };
}
