/** Makes all projections of a namespace agree with its tree: what processes that ended half-way have left behind. */
import { healPagesMax, pageItemsMax } from "../limits.ts";
import { topicKey, topicsPartition } from "../storage/item-keys.ts";
import type { Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { findTopic, topicsPath } from "../topics/topic-znodes.ts";
import { healProjection, projectionOf } from "./topic-projection.ts";
import type { TreeRegistry } from "./tree-registry.ts";

/**
 * For the sweep. Two requests for each thousand topics, and more for those that do not agree.
 *
 * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError what is left is found next time
 */
export async function healProjections(storage: Storage, trees: TreeRegistry, namespace: string): Promise<void> {
  const seen = await healItems(storage, trees, namespace);
  let after = "";
  for (let page = 0; page < healPagesMax; page += 1) {
    const tree = await trees.tree(namespace).read();
    const { names, more } = tree.childPage(topicsPath, after, pageItemsMax);
    const missing = names.filter((name) => !seen.has(name) && findTopic(tree, name) !== undefined);
    for (const name of missing) await healProjection(storage, namespace, name, tree);
    if (!more) return;
    after = names.at(-1) ?? after;
  }
}

/** Goes through the items; answers whose names they have. */
async function healItems(storage: Storage, trees: TreeRegistry, namespace: string): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  let after: string | undefined;
  for (let page = 0; page < healPagesMax; page += 1) {
    const { items, next } = await storage.items.query(topicsPartition(namespace), {
      limit: pageItemsMax,
      ...(after === undefined ? {} : { after }),
    });
    const tree = await trees.tree(namespace).read();
    const differing = items.flatMap((item) => {
      const name = item.key.sort;
      seen.add(name);
      const topic = findTopic(tree, name);
      const projection = projectionOf(item);
      const agrees = topic === undefined ? projection?.topic === undefined : (projection?.mzxid ?? -1) >= topic.mzxid;
      return agrees ? [] : [name];
    });
    for (const name of differing) await healProjection(storage, namespace, name, tree);
    await forgetTombstones(storage, namespace, items);
    if (next === undefined) break;
    after = next;
  }
  return seen;
}

/** Takes away items of topics that have been gone for so long that nobody can still be writing an older state. */
async function forgetTombstones(storage: Storage, namespace: string, items: readonly Item[]): Promise<void> {
  const { hotEntryMs, graceMs } = storage.lifetimes;
  const forgottenMs = storage.clock.wallMs() - hotEntryMs - graceMs;
  for (const { key, version, attributes } of items) {
    const { deletedAtMs } = attributes;
    if (typeof deletedAtMs !== "number" || deletedAtMs > forgottenMs) continue;
    await storage.items.delete(topicKey(namespace, key.sort), [{ kind: "version", version }]);
  }
}
