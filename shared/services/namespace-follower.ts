/** A namespace's tree for who serves many connections from memory: followed all the time, with a listener. */
import type { ZxidEvents } from "../tree/recent-changes.ts";
import type { TreeRequest } from "../tree/tree-request.ts";
import type { TreeWriteResult } from "../tree/tree.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";

/**
 * Told of what happens, in the order of zxids and of each transaction once, in the same step in which `view` comes to show
 * it. `tree` has the changes, and may have more. Must not throw.
 */
export type FollowListener = (changes: readonly ZxidEvents[], tree: ZnodeTree) => void;

/** Told in the place of `FollowListener` where the log no longer has what happened: `view` goes on from `tree`. Must not throw. */
export type GapListener = (tree: ZnodeTree) => void;

export interface NamespaceFollower {
  /**
   * The tree as far as the listener was told of it, to be read before the next `await`. Undefined while it is found out what
   * happened meanwhile, after the tree was rebuilt, and after `close`.
   */
  readonly view: ZnodeTree | undefined;
  /**
   * The tree with everything that was answered before the call; the listener has been told of all of it. One query, shared by
   * those who ask meanwhile. What is returned goes on changing: read it, or `view`, before the next `await`.
   *
   * @throws ServiceError KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED
   */
  latest(): Promise<ZnodeTree>;
  /** No request where that much was seen; else as `latest`, whose tree is older still if there is no such transaction. */
  atLeast(zxid: number): Promise<ZnodeTree>;
  /**
   * As `Tree.write`, answered when the listener was told of what the answer reveals: `view` shows it then, unless the tree has just
   * been rebuilt, or the store was out of reach for half a minute.
   */
  write(request: TreeRequest): Promise<TreeWriteResult>;
  /**
   * What happened after `since` and before the call, for watches that are set again: what comes after the call the listener is
   * told of. Undefined where that is no longer known, or is too much.
   *
   * @throws ServiceError as `latest`
   */
  changesSince(since: number): Promise<readonly ZxidEvents[] | undefined>;
  /** The listener is told of nothing more. */
  close(): void;
}

export type Follow = (namespace: string, listener: FollowListener, onGap?: GapListener) => Promise<NamespaceFollower>;
