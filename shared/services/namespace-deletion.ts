/**
 * How a namespace goes:
 *
 *     its item ──► deleting ──► its tree is emptied and closed ──► what it left is erased ──► deletedAtMs ──(a week)──► gone
 *                     └────────── the tree holds something: the mark goes
 *
 * Closing the tree decides: it empties the tree of what every namespace comes to have and closes it, in one transaction, which
 * fails as long as anything else is there. A closed tree refuses every write, so no writer needs to look whether the namespace
 * is still there; with the mark it means that the namespace is gone, without it that one was created and not opened yet.
 *
 * Anyone may do each step, also at the same time. The item stays, so that the sweep can erase again what came late: who knew the
 * namespace when it was deleted takes it to be there for some seconds.
 */
import { ServiceError } from "../api/errors.ts";
import { topicWriteAttemptsMax } from "../limits.ts";
import { deletedNamespaceKeptMs, deletedNamespacePagesMax, eraseInSweepMsMax } from "../limits/deletion.ts";
import { pageItemsMax } from "../limits.ts";
import { namespaceKey, namespacesPartition } from "../storage/item-keys.ts";
import type { Condition, Item } from "../storage/item-store.ts";
import { type Later, unheard } from "../storage/later.ts";
import type { Storage } from "../storage/storage.ts";
import { closingStep } from "../topics/topic-steps.ts";
import { tidyTree } from "../tree/tidy-tree.ts";
import { eraseNamespace } from "./erase-namespace.ts";
import { healProjections } from "./heal-projections.ts";
import { decidedOrThrow } from "./tree-answers.ts";
import type { TreeRegistry } from "./tree-registry.ts";

/** What a sweep of the deleted ones is bounded by, and tells. */
export interface DeletionSweep {
  readonly endMonotonicMs: number;
  /** Told when there may be more to do. */
  readonly later: Later;
  /** Called if it stopped at its end; the next one goes on there. */
  readonly cut: () => void;
}

const unbounded: DeletionSweep = { endMonotonicMs: Infinity, later: unheard, cut: () => undefined };

export class NamespaceDeletion {
  readonly #storage: Storage;
  readonly #trees: TreeRegistry;
  /** The last namespace that the sweep before this came to, if it was cut. */
  #sweptTo: string | undefined;

  constructor(storage: Storage, trees: TreeRegistry) {
    this.#storage = storage;
    this.#trees = trees;
  }

  /** The marked item; undefined if there is no such namespace, or none any more. */
  async mark(name: string): Promise<Item | undefined> {
    const isKept = { kind: "attribute", name: "deletedAtMs", op: "<", value: 0, orAbsent: true } as const;
    const conditions = [{ kind: "exists" }, isKept] as const;
    const marked = await this.#storage.items.update(namespaceKey(name), { set: { deleting: true } }, conditions);
    return marked.applied ? marked.item : undefined;
  }

  /** Of a marked namespace: true if it is gone. As long as it is not decided it is there. */
  async isDecided(name: string): Promise<boolean> {
    return (await this.#trees.tree(name).read()).closed;
  }

  /** True if the namespace is gone; else it holds something, and is not marked any more. */
  async decide(name: string, marked: Item): Promise<boolean> {
    if (await this.#closeTree(name)) return true;
    const asMarked = [{ kind: "version", version: marked.version }] as const;
    await this.#storage.items.update(namespaceKey(name), { remove: ["deleting", "deletedAtMs"] }, asMarked);
    return false;
  }

  /**
   * Of one that is gone: true if nothing is left of it, which then is written down.
   *
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError what is left is found next time
   */
  async erase(name: string, marked: Item, msMax: number): Promise<boolean> {
    const { items, clock } = this.#storage;
    const endMonotonicMs = clock.monotonicMs() + msMax;
    const isStillDeleted = async (): Promise<boolean> => {
      const item = await items.get(namespaceKey(name));
      return item !== undefined && isDeleting(item) && isSame(item, marked);
    };
    // A topic whose deletion was left half-way would be found as long as its item tells of it.
    await healProjections(this.#storage, this.#trees, name);
    if (!(await eraseNamespace(this.#storage, { namespace: name, isStillDeleted, endMonotonicMs }))) return false;
    if (deletedAtMsOf(marked) !== undefined) return true;
    await items.update(namespaceKey(name), { set: { deletedAtMs: clock.wallMs() } }, [identityOf(marked)]);
    return true;
  }

  /** Takes the item of one away that is gone and erased. */
  async remove(name: string, marked: Item): Promise<void> {
    const isErased = { kind: "attribute", name: "deletedAtMs", op: ">=", value: 0 } as const;
    await this.#storage.items.delete(namespaceKey(name), [identityOf(marked), isErased]);
  }

  /** Of all that are marked: decides, erases, tidies their trees, and in the end forgets them. */
  async sweep({ endMonotonicMs, later, cut }: DeletionSweep = unbounded): Promise<void> {
    const failures: unknown[] = [];
    const { clock } = this.#storage;
    let after = this.#sweptTo;
    this.#sweptTo = undefined;
    let isOver = false;
    for (let page = 0; page < deletedNamespacePagesMax; page += 1) {
      const { items, next } = await this.#storage.items.query(namespacesPartition, {
        limit: pageItemsMax,
        ...(after === undefined ? {} : { after }),
      });
      for (const item of items.filter(isDeleting)) {
        const leftMs = endMonotonicMs - clock.monotonicMs();
        isOver = leftMs <= 0;
        if (isOver) break;
        await this.#sweepOne(item, later, Math.min(eraseInSweepMsMax, leftMs)).catch((cause: unknown) => {
          failures.push(cause);
        });
        after = item.key.sort;
      }
      if (isOver) break;
      after = next;
      if (next === undefined) break;
    }
    if (isOver) {
      this.#sweptTo = after;
      cut();
    }
    if (failures.length > 0) throw failures[0];
  }

  async #sweepOne(marked: Item, later: Later, msMax: number): Promise<void> {
    const name = marked.key.sort;
    if (!(await this.decide(name, marked))) return;
    const isErased = await this.erase(name, marked, msMax);
    await tidyTree(this.#storage, name, later);
    const nowMs = this.#storage.clock.wallMs();
    const forgottenMs = (deletedAtMsOf(marked) ?? nowMs) + deletedNamespaceKeptMs;
    if (!isErased) later(nowMs);
    else if (forgottenMs > nowMs) later(forgottenMs);
    else await this.remove(name, marked);
  }

  /** False if the tree holds anything that somebody created. */
  async #closeTree(name: string): Promise<boolean> {
    const tree = this.#trees.tree(name);
    for (let attempt = 0; attempt < topicWriteAttemptsMax; attempt += 1) {
      const state = await tree.read();
      if (state.closed) return true;
      const operations = closingStep(state);
      if (operations === undefined) return false;
      const outcome = decidedOrThrow(await tree.write({ operations }));
      if ("result" in outcome) return true;
      if (outcome.refusal.code === "NOT_EMPTY") return false;
    }
    throw new ServiceError("THROTTLING_QUOTA_EXCEEDED", `Too many callers change the namespace ${name}`);
  }
}

export function isDeleting(item: Item): boolean {
  return item.attributes["deleting"] === true;
}

function deletedAtMsOf({ attributes }: Item): number | undefined {
  const { deletedAtMs } = attributes;
  return typeof deletedAtMs === "number" ? deletedAtMs : undefined;
}

/** Each creation of a namespace has an attempt id of its own. */
function isSame(one: Item, other: Item): boolean {
  return one.attributes["attemptId"] === other.attributes["attemptId"];
}

function identityOf({ attributes, version }: Item): Condition {
  const { attemptId } = attributes;
  if (typeof attemptId !== "string") return { kind: "version", version };
  return { kind: "attribute", name: "attemptId", op: "=", value: attemptId };
}
