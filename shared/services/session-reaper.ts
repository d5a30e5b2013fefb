/**
 * Ends sessions whose lease is over: the lease is flipped to closing, so that no heartbeat extends it any more, then the
 * tree closes the session, then the lease goes. Whoever finds one half-way goes on; any number may work at the same time.
 */
import {
  pageItemsMax,
  reapAttemptsMax,
  reapRetryMs,
  sessionsAtOnce,
  sessionSkewMs,
  sessionSweepPagesMax,
} from "../limits.ts";
import { StorageThrottledError, StorageTimeoutError, StorageUnavailableError } from "../storage/errors.ts";
import { sessionKey, sessionsPartition } from "../storage/item-keys.ts";
import type { Storage } from "../storage/storage.ts";
import { isStorageFailure } from "./change-errors.ts";
import { type Lease, leaseOf } from "./session-lease.ts";
import type { TreeRegistry } from "./tree-registry.ts";

export class SessionReaper {
  readonly #storage: Storage;
  readonly #trees: TreeRegistry;

  constructor(storage: Storage, trees: TreeRegistry) {
    this.#storage = storage;
    this.#trees = trees;
  }

  /**
   * Closes the session if its lease is over, else asks for another look when it may be.
   *
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError another look has been asked for, if possible
   */
  async reap(namespace: string, sessionId: bigint): Promise<void> {
    try {
      await this.#reap(namespace, sessionId);
    } catch (cause) {
      if (isStorageFailure(cause)) await this.#askAgain(namespace, sessionId, reapRetryMs);
      throw cause;
    }
  }

  /** The zxid at which the tree closed the session; undefined if it has no such session. */
  async closeInTree(namespace: string, sessionId: bigint): Promise<number | undefined> {
    const answer = await this.#trees.tree(namespace).write({ operations: [{ kind: "closeSession", sessionId }] });
    switch (answer.kind) {
      case "done":
        return answer.result.zxid;
      case "refused":
        return undefined;
      case "unknown":
        throw new StorageTimeoutError(`nobody knows whether session ${sessionId} is closed`, { cause: answer.cause });
      case "failed": {
        const options = { cause: answer.cause };
        if (answer.reason === "unavailable")
          throw new StorageUnavailableError("the tree could not be written", options);
        throw new StorageThrottledError("too many writers compete for the tree", options);
      }
    }
  }

  /**
   * Leases that are over, and sessions of the tree that have none: what lost wake-ups and processes that ended left.
   *
   * @throws as `reap`
   */
  async sweep(namespace: string): Promise<void> {
    // Before the leases: each session's lease is put before the session comes to the tree.
    const leaseless = new Set((await this.#trees.tree(namespace).read()).sessions.keys());
    let after: string | undefined;
    for (let page = 0; page < sessionSweepPagesMax; page += 1) {
      const { items, next } = await this.#storage.items.query(sessionsPartition(namespace), {
        limit: pageItemsMax,
        ...(after === undefined ? {} : { after }),
      });
      const leases = items.map(leaseOf);
      for (const { sessionId } of leases) leaseless.delete(sessionId);
      await this.#forEach(
        leases.filter((lease) => this.#isOver(lease)),
        ({ sessionId }) => this.reap(namespace, sessionId),
      );
      if (next === undefined) {
        await this.#forEach([...leaseless], (sessionId) => this.closeInTree(namespace, sessionId));
        return;
      }
      after = next;
    }
  }

  async #reap(namespace: string, sessionId: bigint): Promise<void> {
    const { items, clock } = this.#storage;
    const key = sessionKey(namespace, sessionId);
    for (let attempt = 0; attempt < reapAttemptsMax; attempt += 1) {
      const item = await items.get(key);
      // Closed by its owner, or by another reaper.
      if (item === undefined) return;
      const lease = leaseOf(item);
      if (!this.#isOver(lease)) {
        await this.#askAgain(namespace, sessionId, lease.expiresAtMs + sessionSkewMs - clock.wallMs());
        return;
      }
      if (lease.live) {
        const asSeen = [{ kind: "version", version: lease.version }] as const;
        const { applied } = await items.update(key, { set: { state: "closing" } }, asSeen);
        // A heartbeat came first, or another reaper.
        if (!applied) continue;
      }
      await this.#finish(namespace, sessionId);
      return;
    }
    await this.#askAgain(namespace, sessionId, reapRetryMs);
  }

  async #finish(namespace: string, sessionId: bigint): Promise<void> {
    const { items, clock, lifetimes } = this.#storage;
    const key = sessionKey(namespace, sessionId);
    if ((await this.closeInTree(namespace, sessionId)) !== undefined) {
      await items.delete(key);
      return;
    }
    // Who creates it may have been frozen before the tree heard of it: the lease stays to tell that it came too late.
    await items.update(key, { expiresAtMs: clock.wallMs() + lifetimes.graceMs }, [{ kind: "exists" }]);
  }

  /** Later by what clocks may differ, so that a heartbeat which was in time by its server's clock is in time. */
  #isOver({ live, expiresAtMs }: Lease): boolean {
    return !live || expiresAtMs + sessionSkewMs <= this.#storage.clock.wallMs();
  }

  async #askAgain(namespace: string, sessionId: bigint, delayMs: number): Promise<void> {
    const duty = { kind: "reap", namespace, sessionId: sessionId.toString() } as const;
    await this.#storage.wakeUps.wake(duty, Math.max(0, delayMs));
  }

  /** All of them, a few at a time. What fails hinders none of the others, and is thrown at the end. */
  async #forEach<Item>(all: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
    let failure: { readonly cause: unknown } | undefined;
    for (let start = 0; start < all.length; start += sessionsAtOnce) {
      const results = await Promise.allSettled(all.slice(start, start + sessionsAtOnce).map(work));
      for (const result of results) if (result.status === "rejected") failure ??= { cause: result.reason };
    }
    if (failure !== undefined) throw failure.cause;
  }
}
