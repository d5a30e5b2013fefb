/** Single items with conditional updates: leases, projections, counters. Nothing here is ordered with anything else. */

/** Built only in `shared/storage/item-keys.ts`. Items of one partition are sorted by `sort` (by UTF-8 bytes). */
export interface ItemKey {
  readonly partition: string;
  readonly sort: string;
}

export type AttributeValue = string | number | boolean | Uint8Array;
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface Item {
  readonly key: ItemKey;
  /** 1 when created, one more with each update. */
  readonly version: number;
  readonly attributes: Attributes;
}

/** All of a list of conditions must hold. An ordering condition is false for a missing attribute unless `orAbsent`. */
export type Condition =
  | { readonly kind: "absent" }
  | { readonly kind: "exists" }
  | { readonly kind: "version"; readonly version: number }
  | {
      readonly kind: "attribute";
      readonly name: string;
      readonly op: "=" | "<" | "<=" | ">" | ">=";
      readonly value: string | number;
      /** Also true when the item or the attribute does not exist. */
      readonly orAbsent?: boolean;
    };

/** What an update does. A missing item is created (unless a condition forbids it); `add` starts from 0. */
export interface ItemChange {
  readonly set?: Attributes;
  readonly add?: Readonly<Record<string, number>>;
  readonly remove?: readonly string[];
  /** From here on a store may drop the item, late or never. */
  readonly expiresAtMs?: number;
}

export type ItemWriteResult =
  | { readonly applied: true; readonly item: Item }
  | { readonly applied: false; readonly existing?: Item };

export interface ItemPage {
  readonly items: readonly Item[];
  /** Sort key to go on after; absent at the end. */
  readonly next?: string;
}

/**
 * Storage for items. Reads are strongly consistent; each call is one request.
 *
 * @throws StorageTimeoutError the outcome is unknown
 * @throws StorageThrottledError not applied
 * @throws StorageUnavailableError not applied
 */
export interface ItemStore {
  get(key: ItemKey): Promise<Item | undefined>;
  update(key: ItemKey, change: ItemChange, conditions?: readonly Condition[]): Promise<ItemWriteResult>;
  /** Deleting what does not exist succeeds, unless a condition says otherwise. */
  delete(
    key: ItemKey,
    conditions?: readonly Condition[],
  ): Promise<{ readonly applied: boolean; readonly existing?: Item }>;
  /** Items of one partition whose sort key starts with `prefix`, ascending, after `after`. */
  query(
    partition: string,
    options: { readonly prefix?: string; readonly after?: string; readonly limit: number },
  ): Promise<ItemPage>;
}
