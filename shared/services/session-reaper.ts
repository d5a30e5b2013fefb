/**
 * Ends sessions whose lease is over: the lease is flipped to closing, so that no heartbeat extends it any more, then the
 * tree closes the session, then the lease goes. Whoever finds one half-way goes on; any number may work at the same time.
 *
 * Model: `models/sessions/Sessions.tla`.
 */
import {
  pageItemsMax,
  reapAttemptsMax,
  reapRetryMs,
  sessionsAtOnce,
  sessionSkewMs,
  sessionSweepPagesMax,
} from "../limits.ts";
import {
  StorageCorruptError,
  StorageThrottledError,
  StorageTimeoutError,
  StorageUnavailableError,
} from "../storage/errors.ts";
import { sessionKey, sessionsPartition } from "../storage/item-keys.ts";
import { type Later, unheard } from "../storage/later.ts";
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
   * Closes the session if its lease is over, else asks for another look when it may be; a little later where the store
   * fails.
   *
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError no other look could be asked for
   * @throws StorageCorruptError another look would be of no use
   */
  async reap(namespace: string, sessionId: bigint): Promise<void> {
    try {
      await this.#reap(namespace, sessionId);
    } catch (cause) {
      if (!isStorageFailure(cause)) throw cause;
      // Not thrown as well: a queue would deliver the same look again, and from then on there would always be two.
      await this.#askAgain(namespace, sessionId, reapRetryMs);
    }
  }

  /**
   * As `reap`, for who comes back by itself: no other look is asked for. Answers how long the lease has, ms; 0 if it was over.
   *
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError | StorageCorruptError
   */
  async reapIfOver(namespace: string, sessionId: bigint): Promise<number> {
    const item = await this.#storage.items.get(sessionKey(namespace, sessionId));
    if (item === undefined) return 0;
    const lease = leaseOf(item);
    if (!this.#isOver(lease)) return lease.expiresAtMs + sessionSkewMs - this.#storage.clock.wallMs();
    await this.reap(namespace, sessionId);
    return 0;
  }

  /** The zxid at which the tree closed the session; undefined if it has no such session. */
  async closeInTree(namespace: string, sessionId: bigint): Promise<number | undefined> {
    const answer = await this.#trees.tree(namespace).write({ operations: [{ kind: "closeSession", sessionId }] });
    switch (answer.kind) {
      case "done":
        return answer.result.zxid;
      case "refused":
        if (answer.refusal.code === "SESSION_EXPIRED" || answer.refusal.code === "UNKNOWN_NAMESPACE") return undefined;
        throw new Error(`session ${sessionId} cannot be closed: ${answer.refusal.message}`);
      case "unknown":
        throw new StorageTimeoutError(`nobody knows whether session ${sessionId} is closed`, { cause: answer.cause });
      case "failed": {
        if (answer.cause instanceof StorageCorruptError) throw answer.cause;
        const options = { cause: answer.cause };
        if (answer.reason === "unavailable")
          throw new StorageUnavailableError("the tree could not be written", options);
        throw new StorageThrottledError("too many writers compete for the tree", options);
      }
    }
  }

  /**
   * Leases that are over, and sessions of the tree that have none: what lost wake-ups and processes that ended left. What
   * fails hinders none of the others, and is thrown at the end.
   *
   * @throws as `reap` and `closeInTree`
   */
  async sweep(namespace: string, later: Later = unheard): Promise<void> {
    // Before the leases: each session's lease is put before the session comes to the tree.
    const leaseless = new Set((await this.#trees.tree(namespace).read()).sessions.keys());
    const failures: unknown[] = [];
    let after: string | undefined;
    for (let page = 0; page < sessionSweepPagesMax; page += 1) {
      const { items, next } = await this.#storage.items.query(sessionsPartition(namespace), {
        limit: pageItemsMax,
        ...(after === undefined ? {} : { after }),
      });
      const leases = items.map(leaseOf);
      for (const { sessionId } of leases) leaseless.delete(sessionId);
      failures.push(...(await atOnce(leases, (lease) => this.#lookAt(namespace, lease, later))));
      after = next;
      if (next === undefined) break;
    }
    if (after === undefined) {
      failures.push(...(await atOnce([...leaseless], (sessionId) => this.closeInTree(namespace, sessionId))));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #lookAt(namespace: string, lease: Lease, later: Later): Promise<void> {
    // One that was over before the tree heard of its session is kept for a while.
    later(lease.live ? lease.expiresAtMs + sessionSkewMs : (lease.keptUntilMs ?? this.#storage.clock.wallMs()));
    if (this.#isOver(lease)) await this.reap(namespace, lease.sessionId);
    else if (this.#storage.wakeUps.endWithProcess === true) await this.#askWhenOver(namespace, lease);
  }

  async #reap(namespace: string, sessionId: bigint): Promise<void> {
    const { items } = this.#storage;
    const key = sessionKey(namespace, sessionId);
    for (let attempt = 0; attempt < reapAttemptsMax; attempt += 1) {
      const item = await items.get(key);
      // Closed by its owner, or by another reaper.
      if (item === undefined) return;
      const lease = leaseOf(item);
      if (!this.#isOver(lease)) return await this.#askWhenOver(namespace, lease);
      if (!lease.live || (await this.#flip(namespace, lease))) return await this.#finish(namespace, lease);
    }
    await this.#askAgain(namespace, sessionId, reapRetryMs);
  }

  /** False if a heartbeat came first, or another reaper, or nobody knows: what stands there then tells. */
  async #flip(namespace: string, { sessionId, version }: Lease): Promise<boolean> {
    const asSeen = [{ kind: "version", version }] as const;
    const change = { set: { state: "closing" } };
    try {
      return (await this.#storage.items.update(sessionKey(namespace, sessionId), change, asSeen)).applied;
    } catch (cause) {
      if (cause instanceof StorageTimeoutError) return false;
      throw cause;
    }
  }

  async #finish(namespace: string, { sessionId, keptUntilMs }: Lease): Promise<void> {
    const { items, clock, lifetimes } = this.#storage;
    const key = sessionKey(namespace, sessionId);
    const nowMs = clock.wallMs();
    const isClosed = (await this.closeInTree(namespace, sessionId)) !== undefined;
    if (isClosed || (keptUntilMs ?? Infinity) <= nowMs) {
      await items.delete(key);
      return;
    }
    if (keptUntilMs !== undefined) return;
    // Who creates it may have been frozen before the tree heard of it: the lease stays to tell that it came too late.
    const untilMs = nowMs + lifetimes.graceMs;
    await items.update(key, { set: { keptUntilMs: untilMs }, expiresAtMs: untilMs }, [{ kind: "exists" }]);
  }

  /** Later by what clocks may differ, so that a heartbeat which was in time by its server's clock is in time. */
  #isOver({ live, expiresAtMs }: Lease): boolean {
    return !live || expiresAtMs + sessionSkewMs <= this.#storage.clock.wallMs();
  }

  async #askWhenOver(namespace: string, { sessionId, expiresAtMs }: Lease): Promise<void> {
    await this.#askAgain(namespace, sessionId, expiresAtMs + sessionSkewMs - this.#storage.clock.wallMs());
  }

  async #askAgain(namespace: string, sessionId: bigint, delayMs: number): Promise<void> {
    const duty = { kind: "reap", namespace, sessionId: sessionId.toString() } as const;
    await this.#storage.wakeUps.wake(duty, Math.max(0, delayMs));
  }
}

/** Does all of them, a few at a time; answers what they failed with. */
async function atOnce<Item>(all: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (let start = 0; start < all.length; start += sessionsAtOnce) {
    const results = await Promise.allSettled(all.slice(start, start + sessionsAtOnce).map(work));
    for (const result of results) if (result.status === "rejected") failures.push(result.reason);
  }
  return failures;
}
