/**
 * Removes what deleted topics have left, item by item of the garbage:
 *
 *     deletedAtMs ── grace ──► first pass: groups, logs, blobs, items ── hotEntryMs ──► second pass: the same ──► the item goes
 *
 * The second pass is for whoever had found the topic before it was deleted, and was frozen: a writer, a sealer, a member. Where
 * a run stopped is in the item. Share groups that are deleted stand in the garbage as well.
 */
import { erasePartitionLogs, eraseTopicBlobs } from "../partition/erase-partition.ts";
import { clearedGroupPagesMax } from "../limits/deletion.ts";
import { garbagePartition, topicKey } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-store.ts";
import { type Later, unheard } from "../storage/later.ts";
import type { Storage } from "../storage/storage.ts";
import { clearGroups } from "./clear-groups.ts";
import { eraseDeletedShareGroup, isShareGarbage } from "./deleted-share-groups.ts";

/** Work of one run. */
export interface Budget {
  /** Partitions and pages that are left. */
  units: number;
}

const garbagePageItems = 100;
/** Pages of up to 1,000 entries or blobs of one partition at a time. */
const pagesMax = 20;
const passes = 2;

interface Garbage {
  readonly item: Item;
  readonly topicId: string;
  readonly partitions: number;
  readonly deletedAtMs: number;
  /** Passes that are done. */
  readonly pass: number;
  /** Partitions whose logs are trimmed in this one. */
  readonly erasedTo: number;
  /** The namespace whose groups may know the topic. */
  readonly namespace: string | undefined;
  /** Of those the last one that is cleared, where the last run did not come to the end. */
  readonly groupsTo: string;
}

/** One query, and for each topic that is due as much as `budget` allows, which it takes from it. */
export async function eraseDeletedTopics(storage: Storage, budget: Budget, later: Later = unheard): Promise<void> {
  const nowMs = storage.clock.wallMs();
  const groups = { pages: clearedGroupPagesMax };
  let after: string | undefined;
  do {
    const page = await storage.items.query(garbagePartition, {
      limit: garbagePageItems,
      ...(after === undefined ? {} : { after }),
    });
    const due: Garbage[] = [];
    for (const item of page.items) {
      if (isShareGarbage(item)) {
        await eraseDeletedShareGroup(storage, item, later);
        continue;
      }
      const garbage = garbageOf(item);
      const dueAtMs = dueAtMsOf(storage, garbage);
      if (dueAtMs > nowMs) later(dueAtMs);
      else if (await isStillFound(storage, garbage)) later(nowMs + storage.lifetimes.graceMs);
      else due.push(garbage);
    }
    const cleared = await clearedOf(storage, due, groups);
    if (cleared.length < due.length) later(nowMs);
    for (const garbage of cleared) {
      if (budget.units <= 0) return later(nowMs);
      if (!(await eraseTopic(storage, garbage, budget))) later(nowMs);
      else if (garbage.pass + 1 < passes) later(dueAtMsOf(storage, { ...garbage, pass: garbage.pass + 1 }));
    }
    after = page.next;
    budget.units -= 1;
  } while (after !== undefined && budget.units > 0);
  if (after !== undefined) later(nowMs);
}

/** Those of which no group knows anything any more. Topics of one namespace go through its groups together. */
async function clearedOf(
  storage: Storage,
  due: readonly Garbage[],
  budget: { pages: number },
): Promise<readonly Garbage[]> {
  const cleared = due.filter(({ namespace }) => namespace === undefined);
  for (const together of Map.groupBy(due, ({ namespace, groupsTo }) => `${namespace}/${groupsTo}`).values()) {
    const [{ namespace, groupsTo } = { namespace: undefined, groupsTo: "" }] = together;
    if (namespace === undefined) continue;
    const topicIds = new Set(together.map(({ topicId }) => topicId));
    const reached = await clearGroups(storage, { namespace, topicIds, after: groupsTo }, budget);
    if (reached === undefined) cleared.push(...together);
    else if (reached !== groupsTo) {
      for (const { item } of together) {
        const asSeen = [{ kind: "version", version: item.version }] as const;
        await storage.items.update(item.key, { set: { groupsTo: reached } }, asSeen);
      }
    }
  }
  return cleared;
}

function garbageOf(item: Item): Garbage {
  const number = (name: string): number => {
    const value = item.attributes[name];
    return typeof value === "number" ? value : 0;
  };
  const { namespace, groupsTo } = item.attributes;
  return {
    item,
    topicId: item.key.sort,
    partitions: number("partitions"),
    deletedAtMs: number("deletedAtMs"),
    pass: number("erasePasses"),
    erasedTo: number("erasedTo"),
    namespace: typeof namespace === "string" ? namespace : undefined,
    groupsTo: typeof groupsTo === "string" ? groupsTo : "",
  };
}

function dueAtMsOf(storage: Storage, { deletedAtMs, pass }: Garbage): number {
  const { graceMs, hotEntryMs } = storage.lifetimes;
  const waitMs = pass === 0 ? graceMs : hotEntryMs + graceMs;
  return deletedAtMs + waitMs + 1;
}

/** A process that died while it deleted the topic leaves it to be found until its projection is healed. */
async function isStillFound(storage: Storage, { item, topicId }: Garbage): Promise<boolean> {
  const { namespace, topic } = item.attributes;
  if (typeof namespace !== "string" || typeof topic !== "string") return false;
  const projection = await storage.items.get(topicKey(namespace, topic));
  return projection?.attributes["topicId"] === topicId;
}

/** False if it is not through with this pass. */
async function eraseTopic(storage: Storage, garbage: Garbage, budget: Budget): Promise<boolean> {
  const { item, topicId, partitions, pass } = garbage;
  let { erasedTo } = garbage;
  for (; erasedTo < partitions && budget.units > 0; erasedTo += 1) {
    budget.units -= 1;
    if (!(await erasePartitionLogs(storage, { topicId, partition: erasedTo }, pagesMax))) break;
  }
  const isDone = erasedTo >= partitions && budget.units > 0 && (await eraseTopicBlobs(storage, topicId, pagesMax));
  budget.units -= 1;
  const isSame = [{ kind: "version", version: item.version }] as const;
  if (!isDone) {
    if (erasedTo > garbage.erasedTo) await storage.items.update(item.key, { set: { erasedTo } }, isSame);
  } else if (pass + 1 < passes) {
    await storage.items.update(item.key, { set: { erasePasses: pass + 1, erasedTo: 0 }, remove: ["groupsTo"] }, isSame);
  } else {
    await storage.items.delete(item.key, isSame);
  }
  return isDone;
}
