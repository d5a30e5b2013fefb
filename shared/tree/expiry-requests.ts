/**
 * Containers and znodes with a TTL go by themselves. Whoever writes what may make one due asks for a look at it then;
 * while nothing can come due, nobody looks.
 */
import { containerCheckMs, expiryDelayMsMin } from "../limits.ts";
import type { Storage } from "../storage/storage.ts";
import { isSpent } from "./decide.ts";
import { containerOwner, ttlMsOf } from "./owner.ts";
import { parentOf } from "./paths.ts";
import type { Znode } from "./stat.ts";
import type { Transaction } from "./transaction.ts";
import type { ZnodeTree } from "./znode-tree.ts";

export class ExpiryRequests {
  readonly #storage: Storage;
  readonly #namespace: string;
  /** The look that this process has asked for, by its monotonic clock. */
  #askedForMs = -Infinity;

  constructor(storage: Storage, namespace: string) {
    this.#storage = storage;
    this.#namespace = namespace;
  }

  /** After transactions were applied. A request that fails is left to the sweep. */
  async afterChanges(tree: ZnodeTree, transactions: readonly Transaction[]): Promise<void> {
    if (tree.containers.size === 0 && tree.ttlNodes.size === 0) return;
    const nowMs = this.#storage.clock.wallMs();
    let delayMs = Infinity;
    for (const path of touchedPaths(transactions)) {
      const node = tree.node(path);
      if (node !== undefined) delayMs = Math.min(delayMs, delayOf(node, nowMs));
    }
    await this.#ask(delayMs);
  }

  async #ask(delayMs: number): Promise<void> {
    const { clock, wakeUps } = this.#storage;
    const nowMs = clock.monotonicMs();
    const isAsked = this.#askedForMs > nowMs && this.#askedForMs <= nowMs + delayMs;
    if (delayMs === Infinity || isAsked) return;
    this.#askedForMs = nowMs + delayMs;
    try {
      await wakeUps.wake({ kind: "expire", namespace: this.#namespace }, delayMs);
    } catch {
      this.#askedForMs = -Infinity;
    }
  }
}

/** Paths of znodes that are due now. */
export function spentZnodes(tree: ZnodeTree, nowMs: number): readonly string[] {
  return [...tree.containers, ...tree.ttlNodes].filter((path) => {
    const node = tree.node(path);
    return node !== undefined && isSpent(node, nowMs);
  });
}

/** When the next one may be due, ms from now; undefined if none can be before somebody writes to the tree. */
export function nextExpiryMs(tree: ZnodeTree, nowMs: number): number | undefined {
  let delayMs = Infinity;
  for (const paths of [tree.containers, tree.ttlNodes]) {
    for (const path of paths) {
      const node = tree.node(path);
      if (node !== undefined) delayMs = Math.min(delayMs, delayOf(node, nowMs));
    }
  }
  return delayMs === Infinity ? undefined : delayMs;
}

function delayOf(node: Readonly<Znode>, nowMs: number): number {
  if (node.numChildren > 0) return Infinity;
  if (node.ephemeralOwner === containerOwner) return node.creations > 0 ? containerCheckMs : Infinity;
  const ttlMs = ttlMsOf(node.ephemeralOwner);
  if (ttlMs === undefined) return Infinity;
  return Math.max(expiryDelayMsMin, node.mtime + ttlMs + 1 - nowMs);
}

/** What was created or written to, and what has lost a child. */
function* touchedPaths(transactions: readonly Transaction[]): Generator<string> {
  for (const { changes } of transactions) {
    for (const change of changes) {
      if (change.kind === "create" || change.kind === "setData") yield change.path;
      else if (change.kind === "delete") yield parentOf(change.path);
      else if (change.kind === "closeSession") for (const { path } of change.removed) yield parentOf(path);
    }
  }
}
