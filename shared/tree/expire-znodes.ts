/** Deletes containers that are empty again and znodes whose TTL is over (ZooKeeper's `ContainerManager`). */
import { expiredZnodesPerRound } from "../limits.ts";
import { type Later, unheard } from "../storage/later.ts";
import type { Storage } from "../storage/storage.ts";
import { nextExpiryMs, spentZnodes } from "./expiry-requests.ts";
import type { Tree } from "./tree.ts";

/**
 * Safe at any time, and beside others: the tree itself decides whether a znode is due.
 *
 * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError what is left is found next time
 */
export async function expireZnodes(storage: Storage, tree: Tree, later: Later = unheard): Promise<void> {
  const paths = spentZnodes(await tree.read(), storage.clock.wallMs()).slice(0, expiredZnodesPerRound);
  // One request each: one that has come into use again must not keep the others.
  await Promise.all(paths.map((path) => tree.write({ operations: [{ kind: "deleteContainer", path }] })));
  const nowMs = storage.clock.wallMs();
  const delayMs = nextExpiryMs(await tree.read(), nowMs);
  if (delayMs === undefined) return;
  later(nowMs + delayMs);
  await storage.wakeUps.wake({ kind: "expire", namespace: tree.namespace }, delayMs);
}
