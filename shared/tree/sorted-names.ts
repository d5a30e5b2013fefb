/** Names of children in their order, kept for those lists that are long enough for sorting to cost. */
import { sortedNamesKept, sortedNamesMin } from "../limits.ts";
import type { Znode } from "./stat.ts";

interface Sorted {
  /** Together they say that no child has come or gone since. */
  readonly creations: number;
  readonly numChildren: number;
  readonly names: readonly string[];
}

export class SortedNames {
  /** Least recently asked for first. */
  readonly #lists = new Map<Readonly<Znode>, Sorted>();
  #kept = 0;

  /** By UTF-16 code units. */
  of(node: Readonly<Znode>): readonly string[] {
    const known = this.#lists.get(node);
    const isCurrent = known?.creations === node.creations && known.numChildren === node.numChildren;
    const names = known !== undefined && isCurrent ? known.names : [...(node.children ?? [])].toSorted(byCodeUnits);
    this.#forget(node);
    if (names.length >= sortedNamesMin) this.#keep(node, names);
    return names;
  }

  #keep(node: Readonly<Znode>, names: readonly string[]): void {
    const { creations, numChildren } = node;
    this.#lists.set(node, { creations, numChildren, names });
    this.#kept += names.length;
    for (const oldest of this.#lists.keys()) {
      if (this.#kept <= sortedNamesKept || oldest === node) return;
      this.#forget(oldest);
    }
  }

  #forget(node: Readonly<Znode>): void {
    this.#kept -= this.#lists.get(node)?.names.length ?? 0;
    this.#lists.delete(node);
  }
}

function byCodeUnits(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** Index of the first name that is greater than `after`. */
export function indexAfter(names: readonly string[], after: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const name = names[middle];
    if (name !== undefined && name <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
