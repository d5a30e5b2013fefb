import { changedItem, conditionsHold, copyAttributes } from "../item-change.ts";
import type { Condition, Item, ItemChange, ItemKey, ItemPage, ItemWriteResult } from "../item-store.ts";
import { checkItemKey, checkListLimit } from "../port-bounds.ts";
import { compareUtf8 } from "../utf8-order.ts";
import type { DropTime } from "./memory-logs.ts";

interface StoredItem {
  readonly item: Item;
  readonly dropAtMs: number;
}

/** All items; every method is one atomic step. */
export class MemoryItems {
  readonly #partitions = new Map<string, Map<string, StoredItem>>();
  readonly #wallMs: () => number;
  readonly #dropTime: DropTime;

  constructor(wallMs: () => number, dropTime: DropTime) {
    this.#wallMs = wallMs;
    this.#dropTime = dropTime;
  }

  get(key: ItemKey): Item | undefined {
    checkItemKey(key);
    const item = this.#find(key)?.item;
    return item === undefined ? undefined : copyItem(item);
  }

  update(key: ItemKey, change: ItemChange, conditions: readonly Condition[]): ItemWriteResult {
    checkItemKey(key);
    const stored = this.#find(key);
    if (!conditionsHold(stored?.item, conditions)) return refused(stored);
    const item = changedItem(stored?.item, key, change);
    const dropAtMs =
      change.expiresAtMs === undefined
        ? (stored?.dropAtMs ?? Number.POSITIVE_INFINITY)
        : this.#dropTime(change.expiresAtMs);
    const partition = this.#partitions.get(key.partition) ?? new Map<string, StoredItem>();
    this.#partitions.set(key.partition, partition.set(key.sort, { item, dropAtMs }));
    return { applied: true, item: copyItem(item) };
  }

  delete(key: ItemKey, conditions: readonly Condition[]): { readonly applied: boolean; readonly existing?: Item } {
    checkItemKey(key);
    const stored = this.#find(key);
    if (!conditionsHold(stored?.item, conditions)) return refused(stored);
    this.#partitions.get(key.partition)?.delete(key.sort);
    return { applied: true };
  }

  query(
    partition: string,
    options: { readonly prefix?: string; readonly after?: string; readonly limit: number },
  ): ItemPage {
    checkListLimit(options.limit);
    const { prefix = "", after } = options;
    const sorts = [...(this.#partitions.get(partition)?.keys() ?? [])]
      .filter((sort) => sort.startsWith(prefix) && (after === undefined || compareUtf8(sort, after) > 0))
      .toSorted(compareUtf8);
    const found = sorts.flatMap((sort) => this.#find({ partition, sort })?.item ?? []);
    const items = found.slice(0, options.limit).map((item) => copyItem(item));
    const last = items.at(-1);
    return found.length > items.length && last !== undefined ? { items, next: last.key.sort } : { items };
  }

  #find(key: ItemKey): StoredItem | undefined {
    const stored = this.#partitions.get(key.partition)?.get(key.sort);
    if (stored === undefined || stored.dropAtMs > this.#wallMs()) return stored;
    this.#partitions.get(key.partition)?.delete(key.sort);
    return undefined;
  }
}

function refused(stored: StoredItem | undefined): { readonly applied: false; readonly existing?: Item } {
  return stored === undefined ? { applied: false } : { applied: false, existing: copyItem(stored.item) };
}

function copyItem(item: Item): Item {
  return { key: { ...item.key }, version: item.version, attributes: copyAttributes(item.attributes) };
}
