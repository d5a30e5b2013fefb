/**
 * A topic as one item, so that produce and fetch find it with one request however large the tree is. The tree decides;
 * the item follows it, in the order of zxids:
 *
 *     topics:<ns> / <topic>   mzxid, topicId, partitions, config (JSON), createdAtMs     the topic at mzxid
 *                             mzxid, deletedAtMs                                         it is gone since mzxid
 *     garbage / <topicId>     namespace, topic, partitions, deletedAtMs                  whose logs and blobs may go
 *
 * Whoever takes a topic id out of an item puts it among the garbage first, so that no id is lost however a process ends.
 */
import { projectionAttemptsMax } from "../limits.ts";
import { backoffMs } from "../log/put-entry.ts";
import { StorageThrottledError } from "../storage/errors.ts";
import { garbageKey, topicKey } from "../storage/item-keys.ts";
import type { Condition, Item, ItemChange } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import { findTopic, type TopicAssignment, topicPath, type TopicRecord } from "../topics/topic-znodes.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import { isStorageFailure } from "./change-errors.ts";
import type { TopicMetadata } from "./services.ts";

/** What an item says of a topic, or of its end. */
export interface Projection {
  readonly mzxid: number;
  /** Undefined if the topic is gone. */
  readonly topic: TopicMetadata | undefined;
}

/** What can be written to an item: a topic of the tree, or that there is none at `mzxid`. */
export type Projectable = Pick<TopicRecord, "name" | "topicId" | "partitions" | "config" | "createdAtMs" | "mzxid">;

/** One request. */
export async function readProjection(
  storage: Storage,
  namespace: string,
  name: string,
): Promise<Projection | undefined> {
  return projectionOf(await storage.items.get(topicKey(namespace, name)));
}

/** Undefined for an item that is not there or does not read as a projection. */
export function projectionOf(item: Item | undefined): Projection | undefined {
  const mzxid = item?.attributes["mzxid"];
  if (item === undefined || typeof mzxid !== "number") return undefined;
  const { topicId, partitions, config } = item.attributes;
  const isTopic = typeof topicId === "string" && typeof partitions === "number" && typeof config === "string";
  if (!isTopic) return { mzxid, topic: undefined };
  const read = configOf(config);
  return read === undefined ? undefined : { mzxid, topic: { topicId, partitions, config: read } };
}

function configOf(json: string): TopicMetadata["config"] | undefined {
  let config: unknown;
  try {
    config = JSON.parse(json);
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
  return isConfig(config) ? config : undefined;
}

function isConfig(value: unknown): value is TopicMetadata["config"] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((part) => typeof part === "string");
}

/**
 * Brings the item up to the topic as the tree has it; one that is as far or farther stays. One request, or two.
 *
 * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError after a few attempts
 */
export async function projectTopic(storage: Storage, namespace: string, topic: Projectable): Promise<void> {
  const { name, topicId, partitions, config, createdAtMs, mzxid } = topic;
  const set = { mzxid, topicId, partitions, config: JSON.stringify(config), createdAtMs };
  await bringUp(storage, namespace, { name, mzxid, topicId, change: { set, remove: ["deletedAtMs"] } });
}

/**
 * Writes down that `deleted` is gone since `mzxid`, and puts it among the garbage; an item that is farther stays.
 *
 * @throws as `projectTopic`
 */
export async function buryTopic(
  storage: Storage,
  namespace: string,
  name: string,
  mzxid: number,
  deleted: TopicAssignment,
): Promise<void> {
  await withRetries(storage, () => recordGarbage(storage, namespace, name, deleted));
  await bringUp(storage, namespace, { name, mzxid, topicId: deleted.topicId, change: tombstone(storage, mzxid) });
}

/**
 * Makes an item that a process left behind agree with the tree. One request when it does. Where a znode stands that is no topic
 * the item stays: whoever wrote it, of a topic that was there nothing is given up for it.
 *
 * @param tree that has just been read
 * @returns the topic as the tree has it
 * @throws as `projectTopic`
 */
export async function healProjection(
  storage: Storage,
  namespace: string,
  name: string,
  tree: ZnodeTree,
): Promise<TopicRecord | undefined> {
  const { lastZxid } = tree;
  const topic = findTopic(tree, name);
  if (topic !== undefined) await projectTopic(storage, namespace, topic);
  if (topic !== undefined || tree.node(topicPath(name)) !== undefined) return topic;
  const projection = await withRetries(storage, () => readProjection(storage, namespace, name));
  if (projection?.topic === undefined) return undefined;
  await bringUp(storage, namespace, { name, mzxid: lastZxid, change: tombstone(storage, lastZxid) });
  return undefined;
}

function tombstone(storage: Storage, mzxid: number): ItemChange {
  return {
    set: { mzxid, deletedAtMs: storage.clock.wallMs() },
    remove: ["topicId", "partitions", "config", "createdAtMs"],
  };
}

interface Update {
  readonly name: string;
  readonly mzxid: number;
  readonly change: ItemChange;
  /** A topic id that need not be put among the garbage: it stays, or is there already. */
  readonly topicId?: string;
}

async function bringUp(storage: Storage, namespace: string, { name, mzxid, change, topicId }: Update): Promise<void> {
  const key = topicKey(namespace, name);
  for (let attempt = 0; attempt < projectionAttemptsMax; attempt += 1) {
    const written = await withRetries(storage, async () => {
      const item = await storage.items.get(key);
      const known = projectionOf(item);
      if (known !== undefined && known.mzxid >= mzxid) return true;
      if (known?.topic !== undefined && known.topic.topicId !== topicId) {
        await recordGarbage(storage, namespace, name, known.topic);
      }
      const { applied } = await storage.items.update(key, change, conditionsFor(item, mzxid));
      return applied;
    });
    if (written) return;
  }
  throw new StorageThrottledError(`the projection of topic ${name} is written by too many at once`);
}

/** The item that was seen, and no later state: an item that was dropped and made again may have the same version. */
function conditionsFor(item: Item | undefined, mzxid: number): readonly Condition[] {
  if (item === undefined) return [{ kind: "absent" }];
  return [
    { kind: "version", version: item.version },
    { kind: "attribute", name: "mzxid", op: "<", value: mzxid, orAbsent: true },
  ];
}

async function recordGarbage(
  storage: Storage,
  namespace: string,
  topic: string,
  { topicId, partitions }: TopicAssignment,
): Promise<void> {
  const deletedAtMs = storage.clock.wallMs();
  await storage.items.update(garbageKey(topicId), { set: { namespace, topic, partitions, deletedAtMs } });
}

/** Everything here may be done twice, so an unclear answer is simply asked for again. */
async function withRetries<Result>(storage: Storage, run: () => Promise<Result>): Promise<Result> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await run();
    } catch (cause) {
      if (!isStorageFailure(cause) || attempt + 1 >= projectionAttemptsMax) throw cause;
      await storage.timers.sleep(backoffMs(storage, attempt));
    }
  }
}
