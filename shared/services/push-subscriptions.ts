/**
 * Connections and what they have subscribed to, as items:
 *
 *     connections:<connection>   connection            principal, subscriptions (how many there were), untilMs
 *     connections:<connection>   subscription:<id>     log
 *     subscribers:<log>          <connection>:<id>     what is hinted, and for whom
 *
 * A subscription is counted first, then noted at its connection, and heard of last: whatever a process leaves half done is
 * found by the connection's end, or expires with it.
 */
import { ServiceError } from "../api/errors.ts";
import { znodePathCharsMax } from "../limits.ts";
import {
  connectionIdCharsMax,
  principalCharsMax,
  pushConnectionMsMax,
  subscribersPageItems,
  subscriptionIdCharsMax,
  subscriptionsPerConnectionMax,
  unsubscribesAtOnce,
} from "../limits/push.ts";
import { partitionLogId, treeLogId } from "../log/log-id.ts";
import {
  connectionKey,
  connectionPartition,
  subscriberKey,
  subscriptionKey,
  subscriptionSortPrefix,
} from "../storage/item-keys.ts";
import type { Attributes, Item } from "../storage/item-store.ts";
import type { LogId } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { type Identity, isReadByAll, mayAccess, permission } from "../tree/acl.ts";
import { findPathProblem } from "../tree/paths.ts";
import { openSessionProblem } from "../tree/sessions.ts";
import type { WatchScope } from "../tree/tree-events.ts";
import type { CallContext } from "./coordination.ts";
import { findPartition } from "./find-partition.ts";
import type { Namespaces } from "./namespace-service.ts";
import { type HintTarget, subscriberAttributes } from "./push-items.ts";
import type { ConnectionOwner, Subscribed, SubscriptionService } from "./push.ts";
import type { TopicFinder } from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";
import { refusalError } from "./tree-answers.ts";
import type { TreeRegistry } from "./tree-registry.ts";
import { znodeChangesTopic } from "./znode-changes.ts";

const none: Attributes = {};

export interface SubscriptionNeeds {
  readonly trees: TreeRegistry;
  readonly namespaces: Namespaces;
  readonly finder: TopicFinder;
  /** How long whoever sends hints may not know of a new subscription. */
  readonly subscribersCacheMs: number;
}

export class Subscriptions implements SubscriptionService {
  readonly #storage: Storage;
  readonly #needs: SubscriptionNeeds;

  constructor(storage: Storage, needs: SubscriptionNeeds) {
    this.#storage = storage;
    this.#needs = needs;
  }

  connect({ connectionId, principal }: ConnectionOwner): Promise<void> {
    return withStorageErrors(async () => {
      checkConnection({ connectionId, principal });
      const untilMs = this.#storage.clock.wallMs() + pushConnectionMsMax;
      const set = { principal, subscriptions: 0, untilMs };
      await this.#storage.items.update(connectionKey(connectionId), { set, expiresAtMs: untilMs });
    });
  }

  disconnect(connectionId: string): Promise<void> {
    return withStorageErrors(() => forgetConnection(this.#storage, connectionId));
  }

  subscribeToPartition(
    owner: ConnectionOwner,
    { namespace, topic, partition }: Parameters<SubscriptionService["subscribeToPartition"]>[1],
  ): Promise<Subscribed> {
    return withStorageErrors(async () => {
      const logId = await this.#logOf(namespace, topic, partition);
      return await this.#subscribe(owner, logId, { kind: "partition", namespace, topic, partition }, []);
    });
  }

  subscribeToPath(owner: ConnectionOwner, context: CallContext, { path, recursive }: WatchScope): Promise<Subscribed> {
    return withStorageErrors(async () => {
      const problem = path.length > znodePathCharsMax ? "it is too long" : findPathProblem(path);
      if (problem !== undefined) throw new ServiceError("BAD_ARGUMENTS", `The path cannot be watched: ${problem}`);
      const { namespace, identities } = context;
      await this.#needs.namespaces.require(namespace);
      await this.#checkMayRead(context, path);
      return await this.#subscribe(
        owner,
        treeLogId(namespace),
        { kind: "path", namespace, path, recursive },
        identities,
      );
    });
  }

  unsubscribe(connectionId: string, subscriptionId: string): Promise<void> {
    return withStorageErrors(async () => {
      if (subscriptionId.length > subscriptionIdCharsMax || connectionId.length > connectionIdCharsMax) return;
      const { items } = this.#storage;
      const key = subscriptionKey(connectionId, subscriptionId);
      const noted = await items.get(key);
      if (noted === undefined) return;
      await forgetSubscriber(this.#storage, connectionId, noted);
      const { applied } = await items.delete(key, [{ kind: "exists" }]);
      if (!applied) return;
      await items.update(connectionKey(connectionId), { add: { subscriptions: -1 } }, [{ kind: "exists" }]);
    });
  }

  async #logOf(namespace: string, topic: string, partition: number): Promise<LogId> {
    if (topic !== znodeChangesTopic) {
      const { topicId } = await findPartition(this.#needs.finder, namespace, topic, partition);
      return partitionLogId(topicId, partition);
    }
    await this.#needs.namespaces.require(namespace);
    if (partition === 0) return treeLogId(namespace);
    throw new ServiceError("UNKNOWN_TOPIC_OR_PARTITION", `${topic} has no partition ${partition}`, {
      details: { topic, partition, partitions: 1 },
    });
  }

  /** What is not there yet may be waited for. @throws ServiceError NO_AUTH | SESSION_EXPIRED */
  async #checkMayRead({ namespace, identities, session }: CallContext, path: string): Promise<void> {
    const tree = await this.#needs.trees.tree(namespace).read();
    const problem = openSessionProblem(tree, session);
    if (problem !== undefined) throw refusalError(problem);
    const node = tree.node(path);
    if (node === undefined) return;
    const list = tree.acl(node.aclIndex);
    if (isReadByAll(list) || mayAccess(list, permission.read, identities)) return;
    throw new ServiceError("NO_AUTH", `Nothing proves that the caller may READ ${path}`);
  }

  async #subscribe(
    owner: ConnectionOwner,
    logId: LogId,
    target: HintTarget,
    identities: readonly Identity[],
  ): Promise<Subscribed> {
    const { items, random } = this.#storage;
    const { connectionId } = owner;
    const untilMs = await this.#count(owner);
    const subscriptionId = random.id();
    await items.update(subscriptionKey(connectionId, subscriptionId), { set: { logId }, expiresAtMs: untilMs });
    const set = subscriberAttributes({ connectionId, subscriptionId, target, identities, untilMs });
    await items.update(subscriberKey(logId, connectionId, subscriptionId), { set, expiresAtMs: untilMs });
    return { subscriptionId, heardInMs: this.#needs.subscribersCacheMs };
  }

  /** Counts one more subscription of an open connection of the caller's; answers until when the connection can be open. */
  async #count(owner: ConnectionOwner): Promise<number> {
    checkConnection(owner);
    const { items, clock } = this.#storage;
    const written = await items.update(connectionKey(owner.connectionId), { add: { subscriptions: 1 } }, [
      { kind: "attribute", name: "principal", op: "=", value: owner.principal },
      { kind: "attribute", name: "untilMs", op: ">", value: clock.wallMs() },
      { kind: "attribute", name: "subscriptions", op: "<", value: subscriptionsPerConnectionMax },
    ]);
    const { principal, untilMs, subscriptions } =
      (written.applied ? written.item : written.existing)?.attributes ?? none;
    // Nobody learns that another's connection is there.
    if (principal !== owner.principal || typeof untilMs !== "number" || untilMs <= clock.wallMs()) {
      throw unknownConnection(owner.connectionId);
    }
    if (written.applied) return untilMs;
    throw new ServiceError("QUOTA_EXCEEDED", "The connection has as many subscriptions as it may", {
      details: { subscriptions: Number(subscriptions), subscriptionsMax: subscriptionsPerConnectionMax },
    });
  }
}

/**
 * Deletes a connection and its subscriptions.
 *
 * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError
 */
export async function forgetConnection(storage: Storage, connectionId: string): Promise<void> {
  if (connectionId.length > connectionIdCharsMax) return;
  const { items } = storage;
  // First, so that no more can be subscribed.
  await items.delete(connectionKey(connectionId));
  const pagesMax = Math.ceil(subscriptionsPerConnectionMax / subscribersPageItems) + 1;
  for (let page = 0; page < pagesMax; page += 1) {
    // From the start each time: what was found is deleted.
    const found = await items.query(connectionPartition(connectionId), { limit: subscribersPageItems });
    for (let start = 0; start < found.items.length; start += unsubscribesAtOnce) {
      const some = found.items.slice(start, start + unsubscribesAtOnce);
      await Promise.all(some.map((noted) => forgetSubscription(storage, connectionId, noted)));
    }
    if (found.next === undefined) return;
  }
}

async function forgetSubscription(storage: Storage, connectionId: string, noted: Item): Promise<void> {
  await forgetSubscriber(storage, connectionId, noted);
  await storage.items.delete(noted.key);
}

async function forgetSubscriber({ items }: Storage, connectionId: string, { key, attributes }: Item): Promise<void> {
  const { logId } = attributes;
  if (typeof logId !== "string") return;
  await items.delete(subscriberKey(logId, connectionId, key.sort.slice(subscriptionSortPrefix.length)));
}

function checkConnection({ connectionId, principal }: ConnectionOwner): void {
  if (connectionId.length < 1 || connectionId.length > connectionIdCharsMax) throw unknownConnection(connectionId);
  if (principal.length > principalCharsMax) throw new ServiceError("AUTH_FAILED", "The caller's name is too long");
}

function unknownConnection(connectionId: string): ServiceError {
  return new ServiceError("UNKNOWN_CONNECTION", "The caller has no such connection open", {
    details: { connectionId },
  });
}
