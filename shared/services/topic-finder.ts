/**
 * Finds a topic for produce and fetch. A process that follows the namespace's tree watches it: what it remembers holds
 * until an event says otherwise, as long as the tree is known to be the latest of a few seconds ago, and one query brings
 * all topics up to date. A process that does not, such as a cold function, takes the topic's projection by one request and
 * remembers it for a few seconds. Only where that says that there is no topic is the tree asked, so that one whose
 * projection was never written is found all the same.
 */
import { ServiceError } from "../api/errors.ts";
import { topicCacheEntriesMax, topicCacheMsMax, topicNegativeCacheMs } from "../limits.ts";
import { type Instant, instantOf, isFresh } from "../log/evidence.ts";
import type { Storage } from "../storage/storage.ts";
import { findTopic, topicOfPath } from "../topics/topic-znodes.ts";
import type { ZxidEvents } from "../tree/recent-changes.ts";
import type { Tree } from "../tree/tree.ts";
import { isStorageFailure } from "./change-errors.ts";
import { checkNamespaceName, type Namespaces } from "./namespace-service.ts";
import type { TopicFinder, TopicMetadata } from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";
import { checkTopicName } from "./topic-checks.ts";
import { healProjection, readProjection } from "./topic-projection.ts";
import type { TreeRegistry } from "./tree-registry.ts";

/** What was found, or that nothing was, and when it was asked for. */
interface Remembered {
  readonly seen: Instant;
  readonly topic: TopicMetadata | undefined;
  /** Where it was taken from a tree that is watched. */
  readonly watched?: { readonly tree: Tree; readonly generation: number };
}

/** @param cacheMs how long a topic may be served from memory; never more than `topicCacheMsMax` */
export function topicFinder(
  storage: Storage,
  trees: TreeRegistry,
  namespaces: Namespaces,
  cacheMs = topicCacheMsMax,
): TopicFinder {
  return new ProjectedTopics(storage, trees, namespaces, Math.min(cacheMs, topicCacheMsMax));
}

class ProjectedTopics implements TopicFinder {
  readonly #storage: Storage;
  readonly #trees: TreeRegistry;
  readonly #namespaces: Namespaces;
  readonly #cacheMs: number;
  /** Least recently asked for first. */
  readonly #remembered = new Map<string, Remembered>();
  /** Searches that are under way. */
  readonly #searches = new Map<string, Promise<Remembered>>();

  constructor(storage: Storage, trees: TreeRegistry, namespaces: Namespaces, cacheMs: number) {
    this.#storage = storage;
    this.#trees = trees;
    this.#namespaces = namespaces;
    this.#cacheMs = cacheMs;
    trees.onChange((namespace, changes) => this.#forgetChanged(namespace, changes));
  }

  async find(namespace: string, name: string): Promise<TopicMetadata> {
    checkNamespaceName(namespace);
    checkTopicName(name);
    const id = idOf(namespace, name);
    const { topic } = this.#recall(id) ?? (await this.#searchOnce(id, namespace, name));
    if (topic === undefined) throw new ServiceError("UNKNOWN_TOPIC_OR_PARTITION", `There is no topic ${name}`);
    return topic;
  }

  forget(namespace: string, name: string): void {
    const id = idOf(namespace, name);
    this.#remembered.delete(id);
    // What is being looked for now may have been read before whatever it is that the caller has learned.
    this.#searches.delete(id);
  }

  #recall(id: string): Remembered | undefined {
    const known = this.#remembered.get(id);
    if (known === undefined) return undefined;
    const ageMsMax = known.topic === undefined ? Math.min(topicNegativeCacheMs, this.#cacheMs) : this.#cacheMs;
    const seen = known.watched === undefined ? known.seen : evidenceOf(known.watched);
    if (ageMsMax > 0 && seen !== undefined && isFresh(seen, instantOf(this.#storage.clock), ageMsMax)) {
      this.#remembered.delete(id);
      this.#remembered.set(id, known);
      return known;
    }
    this.#remembered.delete(id);
    return undefined;
  }

  async #searchOnce(id: string, namespace: string, name: string): Promise<Remembered> {
    const known = this.#searches.get(id);
    if (known !== undefined) return await known;
    const search = withStorageErrors(() => this.#search(namespace, name));
    this.#searches.set(id, search);
    try {
      const found = await search;
      if (this.#searches.get(id) === search) this.#remember(id, found);
      return found;
    } finally {
      if (this.#searches.get(id) === search) this.#searches.delete(id);
    }
  }

  async #search(namespace: string, name: string): Promise<Remembered> {
    if (this.#trees.followed(namespace) !== undefined) return await this.#searchTree(namespace, name);
    const seen = instantOf(this.#storage.clock);
    const projection = await readProjection(this.#storage, namespace, name);
    if (projection?.topic !== undefined) return { seen, topic: projection.topic };
    await this.#namespaces.require(namespace);
    const tree = await this.#trees.tree(namespace).read();
    const topic = findTopic(tree, name);
    if (topic === undefined) return { seen, topic: undefined };
    const { topicId, partitions, config } = topic;
    try {
      await healProjection(this.#storage, namespace, name, tree);
    } catch (cause) {
      // It is found; whoever looks for it next tries to write it down again.
      if (!isStorageFailure(cause)) throw cause;
    }
    return { seen, topic: { topicId, partitions, config } };
  }

  async #searchTree(namespace: string, name: string): Promise<Remembered> {
    await this.#namespaces.require(namespace);
    const seen = instantOf(this.#storage.clock);
    const tree = this.#trees.tree(namespace);
    const found = findTopic(await tree.read(), name);
    const { generation } = tree.followed ?? { generation: -1 };
    const topic =
      found === undefined ? undefined : { topicId: found.topicId, partitions: found.partitions, config: found.config };
    return { seen, topic, watched: { tree, generation } };
  }

  #forgetChanged(namespace: string, changes: readonly ZxidEvents[]): void {
    if (this.#remembered.size === 0 && this.#searches.size === 0) return;
    for (const { events } of changes) {
      for (const { type, path } of events) {
        const name = type === "NodeChildrenChanged" ? undefined : topicOfPath(path);
        if (name !== undefined) this.forget(namespace, name);
      }
    }
  }

  #remember(id: string, found: Remembered): void {
    this.#remembered.set(id, found);
    for (const [oldest] of this.#remembered) {
      if (this.#remembered.size <= topicCacheEntriesMax) return;
      this.#remembered.delete(oldest);
    }
  }
}

/** When the tree was last known to be the latest; undefined if its state was rebuilt since, so that events were missed. */
function evidenceOf({ tree, generation }: NonNullable<Remembered["watched"]>): Instant | undefined {
  const { followed } = tree;
  return followed?.generation === generation ? followed.evidence : undefined;
}

/** No name of either kind holds a slash. */
function idOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
