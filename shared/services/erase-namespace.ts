/**
 * Erases what a deleted namespace has left among the items: transactional ids, groups of both kinds, leases of sessions.
 *
 * Nothing of it can be written to its topics any more, as they are gone, and whoever comes late under a transactional id is
 * refused: ids of producers are given out once, over all namespaces.
 */
import { erasedAtOnce, erasedPageItems } from "../limits/deletion.ts";
import { groupsPartition, sessionsPartition, transactionsPartition } from "../storage/item-keys.ts";
import type { Condition, Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { buryShareGroup, eraseShareStates } from "./deleted-share-groups.ts";

export interface NamespaceErasure {
  readonly namespace: string;
  /**
   * Asked after each page was read: if the namespace was still deleted then, what the page holds is of the deleted one, and not
   * of one that was created again under the name.
   */
  readonly isStillDeleted: () => Promise<boolean>;
  readonly endMonotonicMs: number;
}

type Erase = (item: Item) => Promise<boolean>;

/** @returns true if nothing is left; each item goes only as it was seen, so what is in use may need another time */
export async function eraseNamespace(storage: Storage, erasure: NamespaceErasure): Promise<boolean> {
  const { namespace } = erasure;
  const plain: Erase = (item) => deleteAsSeen(storage, item);
  const group: Erase = (item) => eraseGroup(storage, erasure, item);
  // First those that may still write to groups.
  const transactions = await eraseItems(storage, erasure, transactionsPartition(namespace), plain);
  const groups = await eraseItems(storage, erasure, groupsPartition(namespace), group);
  const leases = await eraseItems(storage, erasure, sessionsPartition(namespace), plain);
  return transactions && groups && leases;
}

async function eraseItems(
  { items, clock }: Storage,
  { isStillDeleted, endMonotonicMs }: NamespaceErasure,
  partition: string,
  erase: Erase,
): Promise<boolean> {
  let [isEmpty, after] = [true, undefined as string | undefined];
  do {
    if (clock.monotonicMs() >= endMonotonicMs) return false;
    const page = await items.query(partition, { limit: erasedPageItems, ...(after === undefined ? {} : { after }) });
    if (page.items.length > 0 && !(await isStillDeleted())) return false;
    for (let start = 0; start < page.items.length; start += erasedAtOnce) {
      const erased = await Promise.all(page.items.slice(start, start + erasedAtOnce).map(erase));
      isEmpty &&= !erased.includes(false);
    }
    after = page.next;
  } while (after !== undefined);
  return isEmpty;
}

/** Of a share group the states go as well; should this process end half-way, the sweep finds them by the garbage. */
async function eraseGroup(storage: Storage, { namespace, endMonotonicMs }: NamespaceErasure, item: Item) {
  const { groupId } = item.attributes;
  if (typeof groupId !== "string") return await deleteAsSeen(storage, item);
  const group = { namespace, group: item.key.sort, groupId };
  await buryShareGroup(storage, group);
  if (!(await deleteAsSeen(storage, item))) return false;
  return await eraseShareStates(storage, group, { endMonotonicMs });
}

/** True if it was as it was seen, and is gone. */
async function deleteAsSeen({ items }: Storage, item: Item): Promise<boolean> {
  const { applied, existing } = await items.delete(item.key, [sameAs(item)]);
  return applied || existing === undefined;
}

/** What another item under the same key does not have: versions of each begin at 1. */
const identities = ["groupId", "attempt", "touchedAtMs", "password"] as const;

function sameAs({ attributes, version }: Item): Condition {
  for (const name of identities) {
    const value = attributes[name];
    if (typeof value === "string" || typeof value === "number") return { kind: "attribute", name, op: "=", value };
  }
  return { kind: "version", version };
}
