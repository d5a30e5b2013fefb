import { expirySweepItemsMax } from "../../limits.ts";
import { StorageCorruptError } from "../errors.ts";
import { changedItem, conditionsHold } from "../item-change.ts";
import type { Condition, Item, ItemChange, ItemKey, ItemPage, ItemStore, ItemWriteResult } from "../item-store.ts";
import { checkItemKey, checkListLimit } from "../port-bounds.ts";
import type { CommitQueue } from "./commit-queue.ts";
import { diskFailure } from "./disk-errors.ts";
import { afterItems, firstItem, itemKeyBytes, itemKeyOf } from "./embedded-keys.ts";
import { decodeItem, encodeItem, type StoredItem } from "./item-codec.ts";
import type { LayeredTable } from "./layered-table.ts";

/** Bytes of a commit that one item stands for: a page of the tree. */
const itemBytes = 4_096;

/** Items in a table of LMDB and its write-ahead log. */
export class EmbeddedItemStore implements ItemStore {
  readonly #table: LayeredTable;
  readonly #commits: CommitQueue;

  constructor(table: LayeredTable, commits: CommitQueue) {
    this.#table = table;
    this.#commits = commits;
  }

  async get(key: ItemKey): Promise<Item | undefined> {
    checkItemKey(key);
    return this.#find(key, itemKeyBytes(key))?.item;
  }

  async update(key: ItemKey, change: ItemChange, conditions: readonly Condition[] = []): Promise<ItemWriteResult> {
    checkItemKey(key);
    const bytes = itemKeyBytes(key);
    return await this.#commits.run(itemBytes, (): ItemWriteResult => {
      const stored = this.#find(key, bytes);
      if (!conditionsHold(stored?.item, conditions)) return refused(stored);
      const item = changedItem(stored?.item, key, change);
      const expiresAtMs = change.expiresAtMs ?? stored?.expiresAtMs;
      const value = encodeItem(bytes, expiresAtMs === undefined ? { item } : { item, expiresAtMs });
      this.#table.put(bytes, value);
      return { applied: true, item };
    });
  }

  async delete(
    key: ItemKey,
    conditions: readonly Condition[] = [],
  ): Promise<{ readonly applied: boolean; readonly existing?: Item }> {
    checkItemKey(key);
    const bytes = itemKeyBytes(key);
    return await this.#commits.run(itemBytes, () => {
      const stored = this.#find(key, bytes);
      if (!conditionsHold(stored?.item, conditions)) return refused(stored);
      if (stored !== undefined) this.#table.remove(bytes);
      return { applied: true };
    });
  }

  async query(
    partition: string,
    options: { readonly prefix?: string; readonly after?: string; readonly limit: number },
  ): Promise<ItemPage> {
    const { prefix = "", after, limit } = options;
    checkListLimit(limit);
    return this.#read(() => {
      const items: Item[] = [];
      const range = { start: firstItem(partition, prefix, after), end: afterItems(partition) };
      for (const { key, value } of this.#table.range(range)) {
        const itemKey = itemKeyOf(key);
        if (!itemKey.sort.startsWith(prefix)) break;
        const last = items.at(-1);
        if (items.length === limit && last !== undefined) return { items, next: last.key.sort };
        items.push(decodeItem(itemKey, key, value).item);
      }
      return { items };
    });
  }

  /**
   * Deletes what has expired among up to a bounded number of items after `after`; answers where to go on, undefined at
   * the end.
   */
  async dropExpired(nowMs: number, after: Uint8Array | undefined): Promise<Uint8Array | undefined> {
    const expired: Uint8Array[] = [];
    const isDue = (key: Uint8Array, value: Uint8Array): boolean =>
      isExpired(decodeItem(itemKeyOf(key), key, value), nowMs);
    let count = 0;
    let last: Uint8Array | undefined;
    this.#read(() => {
      // What is more than that comes with what LMDB has, later.
      if (after === undefined)
        for (const { key, value } of this.#table.pending())
          if (isDue(key, value) && expired.push(key) >= expirySweepItemsMax) break;
      for (const { key, value } of this.#table.stored(after, expirySweepItemsMax)) {
        if (isDue(key, value)) expired.push(key);
        count += 1;
        last = key;
      }
    });
    if (expired.length > 0) {
      await this.#commits.run(expired.length * itemBytes, () => {
        for (const key of expired) {
          const stored = this.#find(itemKeyOf(key), key);
          if (stored !== undefined && isExpired(stored, nowMs)) this.#table.remove(key);
        }
      });
    }
    return count < expirySweepItemsMax ? undefined : last;
  }

  #find(key: ItemKey, bytes: Uint8Array): StoredItem | undefined {
    const value = this.#read(() => this.#table.get(bytes));
    return value === undefined ? undefined : decodeItem({ partition: key.partition, sort: key.sort }, bytes, value);
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (cause instanceof StorageCorruptError || cause instanceof RangeError) throw cause;
      throw diskFailure("reading items", cause);
    }
  }
}

function isExpired(stored: StoredItem, nowMs: number): boolean {
  return stored.expiresAtMs !== undefined && stored.expiresAtMs <= nowMs;
}

function refused(stored: StoredItem | undefined): { readonly applied: false; readonly existing?: Item } {
  return stored === undefined ? { applied: false } : { applied: false, existing: stored.item };
}
