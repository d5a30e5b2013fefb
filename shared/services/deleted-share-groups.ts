/**
 * Share groups that are deleted. Their states are items of their own, which nobody finds any more when the group is gone: so
 * it is put among the garbage first, and the sweep erases what the process that deleted it has left.
 */
import { erasedAtOnce, erasedPageItems } from "../limits/deletion.ts";
import { garbagePartition, groupKey, shareGarbageKey, sharePartition } from "../storage/item-keys.ts";
import type { Condition, Item } from "../storage/item-store.ts";
import type { Later } from "../storage/later.ts";
import type { Storage } from "../storage/storage.ts";
import type { GroupName } from "./groups.ts";

export interface DeletedShareGroup extends GroupName {
  readonly groupId: string;
}

/** To be asked before the group's item goes. One request. */
export async function buryShareGroup(
  storage: Storage,
  { namespace, group, groupId }: DeletedShareGroup,
): Promise<void> {
  const set = { namespace, group, groupId, deletedAtMs: storage.clock.wallMs() };
  await storage.items.update(shareGarbageKey(groupId), { set });
}

/**
 * Deletes the group's states; those of a group that was made again under its name stay.
 *
 * @param topicId only those of this topic
 * @returns false if `endMonotonicMs` came first
 */
export async function eraseShareStates(
  { items, clock }: Storage,
  { namespace, group, groupId }: DeletedShareGroup,
  { topicId, endMonotonicMs = Infinity }: { readonly topicId?: string; readonly endMonotonicMs?: number } = {},
): Promise<boolean> {
  const ofGroup: readonly Condition[] = [{ kind: "attribute", name: "groupId", op: "=", value: groupId }];
  const prefix = topicId === undefined ? {} : { prefix: `${topicId}:` };
  let after: string | undefined;
  do {
    if (clock.monotonicMs() >= endMonotonicMs) return false;
    const page = await items.query(sharePartition(namespace, group), {
      ...prefix,
      limit: erasedPageItems,
      ...(after === undefined ? {} : { after }),
    });
    const own = page.items.filter(({ attributes }) => attributes["groupId"] === groupId);
    for (let start = 0; start < own.length; start += erasedAtOnce) {
      await Promise.all(own.slice(start, start + erasedAtOnce).map(({ key }) => items.delete(key, ofGroup)));
    }
    after = page.next;
  } while (after !== undefined);
  return true;
}

/** True for an item of the garbage that tells of a share group, not of a topic. */
export function isShareGarbage({ attributes }: Item): boolean {
  return attributes["groupId"] !== undefined;
}

/** For the sweep: erases what is left of a share group whose grace period is over, and then its item of the garbage. */
export async function eraseDeletedShareGroup(storage: Storage, garbage: Item, later: Later): Promise<void> {
  const { namespace, group, groupId, deletedAtMs } = garbage.attributes;
  if (typeof namespace !== "string" || typeof group !== "string" || typeof groupId !== "string") return;
  if (typeof deletedAtMs !== "number") return;
  const dueAtMs = deletedAtMs + storage.lifetimes.graceMs + 1;
  if (dueAtMs > storage.clock.wallMs()) return later(dueAtMs);
  const present = await storage.items.get(groupKey(namespace, group));
  // One that is there was kept: whoever was to delete it met a change, or ended before.
  if (present?.attributes["groupId"] !== groupId) await eraseShareStates(storage, { namespace, group, groupId });
  const asSeen = [{ kind: "version", version: garbage.version }] as const;
  await storage.items.delete({ partition: garbagePartition, sort: garbage.key.sort }, asSeen);
}
