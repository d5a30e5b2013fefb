/**
 * Finds a topic for produce and fetch: from memory for a few seconds, else its projection by one request. Only where that
 * says that there is no topic is the tree asked, so that one whose projection was never written is found all the same.
 */
import { ServiceError } from "../api/errors.ts";
import { topicCacheEntriesMax, topicCacheMsMax, topicNegativeCacheMs } from "../limits.ts";
import { type Instant, instantOf, isFresh } from "../log/evidence.ts";
import type { Storage } from "../storage/storage.ts";
import { findTopic } from "../topics/topic-znodes.ts";
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
    if (ageMsMax > 0 && isFresh(known.seen, instantOf(this.#storage.clock), ageMsMax)) {
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
    const seen = instantOf(this.#storage.clock);
    const projection = await readProjection(this.#storage, namespace, name);
    if (projection?.topic !== undefined) return { seen, topic: projection.topic };
    await this.#namespaces.require(namespace);
    const tree = await this.#trees.tree(namespace).read();
    const topic = findTopic(tree, name);
    if (topic === undefined) return { seen, topic: undefined };
    const { lastZxid } = tree;
    const { topicId, partitions, config } = topic;
    try {
      await healProjection(this.#storage, namespace, name, topic, lastZxid);
    } catch (cause) {
      // It is found; whoever looks for it next tries to write it down again.
      if (!isStorageFailure(cause)) throw cause;
    }
    return { seen, topic: { topicId, partitions, config } };
  }

  #remember(id: string, found: Remembered): void {
    this.#remembered.set(id, found);
    for (const [oldest] of this.#remembered) {
      if (this.#remembered.size <= topicCacheEntriesMax) return;
      this.#remembered.delete(oldest);
    }
  }
}

/** No name of either kind holds a slash. */
function idOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
