/**
 * Removes what deleted topics have left, item by item of the garbage:
 *
 *     deletedAtMs ── grace ──► first pass: logs, blobs, items ── hotEntryMs ──► second pass: the same ──► the item goes
 *
 * The second pass is for whoever had found the topic before it was deleted, and was frozen: a writer, or a sealer. Where
 * a run stopped is in the item.
 */
import { erasePartitionLogs, eraseTopicBlobs } from "../partition/erase-partition.ts";
import { garbagePartition, topicKey } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";

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
}

/** One query, and for each topic that is due as much as `budget` allows, which it takes from it. */
export async function eraseDeletedTopics(storage: Storage, budget: Budget): Promise<void> {
  let after: string | undefined;
  do {
    const page = await storage.items.query(garbagePartition, {
      limit: garbagePageItems,
      ...(after === undefined ? {} : { after }),
    });
    for (const item of page.items) {
      if (budget.units <= 0) return;
      const garbage = garbageOf(item);
      if (isDue(storage, garbage) && !(await isStillFound(storage, garbage)))
        await eraseTopic(storage, garbage, budget);
    }
    after = page.next;
    budget.units -= 1;
  } while (after !== undefined && budget.units > 0);
}

function garbageOf(item: Item): Garbage {
  const number = (name: string): number => {
    const value = item.attributes[name];
    return typeof value === "number" ? value : 0;
  };
  return {
    item,
    topicId: item.key.sort,
    partitions: number("partitions"),
    deletedAtMs: number("deletedAtMs"),
    pass: number("erasePasses"),
    erasedTo: number("erasedTo"),
  };
}

function isDue(storage: Storage, { deletedAtMs, pass }: Garbage): boolean {
  const { graceMs, hotEntryMs } = storage.lifetimes;
  const waitMs = pass === 0 ? graceMs : hotEntryMs + graceMs;
  return storage.clock.wallMs() - deletedAtMs > waitMs;
}

/** A process that died while it deleted the topic leaves it to be found until its projection is healed. */
async function isStillFound(storage: Storage, { item, topicId }: Garbage): Promise<boolean> {
  const { namespace, topic } = item.attributes;
  if (typeof namespace !== "string" || typeof topic !== "string") return false;
  const projection = await storage.items.get(topicKey(namespace, topic));
  return projection?.attributes["topicId"] === topicId;
}

async function eraseTopic(storage: Storage, garbage: Garbage, budget: Budget): Promise<void> {
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
    await storage.items.update(item.key, { set: { erasePasses: pass + 1, erasedTo: 0 } }, isSame);
  } else {
    await storage.items.delete(item.key, isSame);
  }
}
