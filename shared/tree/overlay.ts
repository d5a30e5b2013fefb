/** A speculation on a tree: changes that are seen by whoever looks through it, and that the tree knows nothing of. */
import type { Znode } from "./stat.ts";
import type { ZnodeTarget, ZnodeView } from "./znode-tree.ts";

/** Costs memory for what is changed, whatever the size of the tree. */
export class Overlay implements ZnodeTarget {
  readonly #below: ZnodeView;
  /** Null for what was removed. */
  readonly #changed = new Map<string, Znode | null>();

  constructor(below: ZnodeView) {
    this.#below = below;
  }

  node(path: string): Readonly<Znode> | undefined {
    const changed = this.#changed.get(path);
    if (changed === undefined) return this.#below.node(path);
    return changed ?? undefined;
  }

  edit(path: string): Znode | undefined {
    const changed = this.#changed.get(path);
    if (changed !== undefined) return changed ?? undefined;
    const node = this.#below.node(path);
    if (node === undefined) return undefined;
    const copy = { ...node, children: undefined };
    this.#changed.set(path, copy);
    return copy;
  }

  insert(path: string, node: Znode): void {
    this.#changed.set(path, node);
  }

  remove(path: string): void {
    this.#changed.set(path, null);
  }

  /** Hands all changes down to the speculation that this one stands on. */
  mergeInto(below: Overlay): void {
    for (const [path, node] of this.#changed) below.#changed.set(path, node);
  }
}
