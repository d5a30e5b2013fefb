/** Takes out of groups what they keep of topics that are deleted: committed offsets, and states of share partitions. */
import { partsOf } from "../groups/group-state.ts";
import { erasedAtOnce, erasedPageItems } from "../limits/deletion.ts";
import { groupUpdateAttributesMax } from "../limits/groups.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import { groupsPartition } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { eraseShareStates } from "./deleted-share-groups.ts";
import { isShareGroup, ShareGroupItems } from "./share-group-items.ts";

export interface Clearing {
  readonly namespace: string;
  readonly topicIds: ReadonlySet<string>;
  /** The group after which to begin; absent: at the first. */
  readonly after?: string;
}

/**
 * Nothing of it counts any more: what is kept goes by the topic's id, which no other topic has. So it may be done at any time,
 * and beside others.
 *
 * @param budget pages of groups that are left
 * @returns after which group to go on, or undefined when all are cleared
 * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError what is left is found next time
 */
export async function clearGroups(
  storage: Storage,
  { namespace, topicIds, after: begin }: Clearing,
  budget: { pages: number },
): Promise<string | undefined> {
  const shareGroups = new ShareGroupItems(storage);
  let after = begin;
  do {
    if (budget.pages <= 0) return after ?? "";
    budget.pages -= 1;
    const page = await storage.items.query(groupsPartition(namespace), {
      limit: erasedPageItems,
      ...(after === undefined || after === "" ? {} : { after }),
    });
    for (let start = 0; start < page.items.length; start += erasedAtOnce) {
      await Promise.all(
        page.items
          .slice(start, start + erasedAtOnce)
          .map((item) =>
            isShareGroup(item)
              ? clearShareGroup(storage, shareGroups, namespace, item, topicIds)
              : clearConsumerGroup(storage, item, topicIds),
          ),
      );
    }
    after = page.next;
  } while (after !== undefined);
  return undefined;
}

async function clearConsumerGroup(
  { items }: Storage,
  { key, attributes }: Item,
  topicIds: ReadonlySet<string>,
): Promise<void> {
  const dead = Object.keys(attributes).filter((name) => isOf(name, topicIds));
  for (let start = 0; start < dead.length; start += groupUpdateAttributesMax) {
    await items.update(key, { remove: dead.slice(start, start + groupUpdateAttributesMax) }, [{ kind: "exists" }]);
  }
}

/** True for a committed offset of the topics, and for the name of one. */
function isOf(name: string, topicIds: ReadonlySet<string>): boolean {
  if (name.startsWith("o:")) return topicIds.has(partsOf(name.slice(2)).topicId);
  return name.startsWith("n:") && topicIds.has(name.slice(2));
}

async function clearShareGroup(
  storage: Storage,
  groups: ShareGroupItems,
  namespace: string,
  { key, attributes }: Item,
  topicIds: ReadonlySet<string>,
): Promise<void> {
  const { groupId } = attributes;
  if (typeof groupId !== "string") return;
  const name = { namespace, group: key.sort };
  try {
    await groups.forgetTopics(name, topicIds);
  } catch (cause) {
    // Whoever uses a damaged group is told so; the topics of others are not to wait for it.
    if (!(cause instanceof StorageCorruptError)) throw cause;
  }
  for (const topicId of topicIds) await eraseShareStates(storage, { ...name, groupId }, { topicId });
}
