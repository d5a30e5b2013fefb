/**
 * Push: clients connect, subscribe to partitions and to paths of a tree, and are sent hints that there is something to
 * fetch. A hint holds no data, and may be lost, late or repeated: it only shortens a wait. docs/push.md has the protocol.
 */
import type { WatchScope } from "../tree/tree-events.ts";
import type { CallContext } from "./coordination.ts";

/** An open connection, and who opened it. */
export interface ConnectionOwner {
  readonly connectionId: string;
  /** Who proved to be the one at the other end; the same as of the requests that subscribe. */
  readonly principal: string;
}

/** What an answer to subscribing tells. */
export interface Subscribed {
  readonly subscriptionId: string;
  /** From so long after the answer on every hint is sent: before, a process may not know of the subscription yet. */
  readonly heardInMs: number;
}

export interface SubscriptionService {
  /** @throws ServiceError KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED */
  connect(owner: ConnectionOwner): Promise<void>;
  /** Forgets a connection with its subscriptions. @throws ServiceError as `connect` */
  disconnect(connectionId: string): Promise<void>;
  /**
   * Hints whenever the partition grows. Whether the caller may read it is the transport's to know.
   *
   * @throws ServiceError UNKNOWN_CONNECTION (also another's) | QUOTA_EXCEEDED | UNKNOWN_TOPIC_OR_PARTITION
   */
  subscribeToPartition(
    owner: ConnectionOwner,
    target: {
      readonly namespace: string;
      readonly topic: string;
      readonly partition: number;
    },
  ): Promise<Subscribed>;
  /**
   * Hints whenever a znode changes, or one below it. Each is sent only for what the context's identities may READ at that time.
   *
   * @throws ServiceError UNKNOWN_CONNECTION (also another's) | QUOTA_EXCEEDED | NO_AUTH | BAD_ARGUMENTS | UNKNOWN_NAMESPACE | SESSION_EXPIRED
   */
  subscribeToPath(owner: ConnectionOwner, context: CallContext, target: WatchScope): Promise<Subscribed>;
  /** One that is not there counts as ended. @throws ServiceError as `connect` */
  unsubscribe(connectionId: string, subscriptionId: string): Promise<void>;
}

/** That a log has grown. */
export interface GrownLog {
  readonly logId: string;
  /** First position that is new. */
  readonly first: number;
  /** A position of the newest entry. */
  readonly last: number;
}

/** What became of the messages of one round. */
export interface HintsSent {
  readonly posted: number;
  /** Connections that were there no more. */
  readonly gone: number;
  /** Messages that are lost. */
  readonly failed: number;
}

export interface HintService {
  /**
   * Tells those who have subscribed.
   *
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError | StorageCorruptError if it cannot be
   *   found out who has; nothing was sent for at least one log
   */
  notify(grown: readonly GrownLog[]): Promise<HintsSent>;
}
