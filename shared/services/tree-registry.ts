/** The trees that one process follows: one for each namespace in use. */
import { treesPerProcessMax } from "../limits.ts";
import type { Storage } from "../storage/storage.ts";
import { Tree, type TreeListener } from "../tree/tree.ts";

export class TreeRegistry {
  readonly #storage: Storage;
  /** Least recently used first. */
  readonly #trees = new Map<string, Tree>();
  /** Of trees that somebody holds: how many do. */
  readonly #holders = new Map<string, number>();
  readonly #listeners: TreeListener[] = [];

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** The namespace's tree; followed from its first use on. Whether the namespace exists is not asked. */
  tree(namespace: string): Tree {
    const tree = this.#trees.get(namespace) ?? this.#follow(namespace);
    this.#trees.delete(namespace);
    this.#trees.set(namespace, tree);
    if (this.#trees.size > treesPerProcessMax) this.#dropOldest();
    return tree;
  }

  /** As `tree`; it stays the namespace's tree in this process until `release` is called, once. */
  hold(namespace: string): { readonly tree: Tree; readonly release: () => void } {
    this.#holders.set(namespace, (this.#holders.get(namespace) ?? 0) + 1);
    const release = (): void => {
      const others = (this.#holders.get(namespace) ?? 0) - 1;
      if (others > 0) this.#holders.set(namespace, others);
      else this.#holders.delete(namespace);
    };
    return { tree: this.tree(namespace), release };
  }

  /** The namespace's tree if this process follows it already. */
  followed(namespace: string): Tree | undefined {
    const tree = this.#trees.get(namespace);
    return tree?.followed === undefined ? undefined : tree;
  }

  /** Tells `listener` of everything that this process applies to any tree; it must not throw. */
  onChange(listener: TreeListener): void {
    this.#listeners.push(listener);
  }

  #follow(namespace: string): Tree {
    return new Tree(this.#storage, namespace, (name, changes) => {
      for (const listener of this.#listeners) listener(name, changes);
    });
  }

  /** One that is at work finishes what it does; only its memory of the tree is no longer shared. */
  #dropOldest(): void {
    for (const [namespace] of this.#trees) {
      if (this.#holders.has(namespace)) continue;
      this.#trees.delete(namespace);
      return;
    }
  }
}
