/**
 * Sessions: opened and closed by transactions of the tree, kept alive by heartbeats on their leases.
 *
 * Model: `models/sessions/Sessions.tla`.
 */
import { type Effect, ServiceError } from "../api/errors.ts";
import { sessionCreationsMax, sessionPasswordBytes, sessionSkewMs } from "../limits.ts";
import { instantOf, isFresh } from "../log/evidence.ts";
import type { Random } from "../storage/environment.ts";
import { sessionKey } from "../storage/item-keys.ts";
import type { Later } from "../storage/later.ts";
import type { Storage } from "../storage/storage.ts";
import { isOpenSession, sessionExpiredMessage, sessionMovedMessage } from "../tree/sessions.ts";
import type { Operation } from "../tree/tree-request.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import { afterChange, isStorageFailure, withChangeErrors } from "./change-errors.ts";
import type { SessionCredentials, SessionService } from "./coordination.ts";
import { checkNamespaceName, type Namespaces } from "./namespace-service.ts";
import {
  clampTimeoutMs,
  closeOwnLease,
  extendLease,
  newSessionId,
  putLease,
  takeLease,
  timeoutMsOf,
} from "./session-lease.ts";
import { SessionReaper } from "./session-reaper.ts";
import { withStorageErrors } from "./storage-errors.ts";
import { decidedOrThrow, refusalError } from "./tree-answers.ts";
import type { TreeRegistry } from "./tree-registry.ts";

export function sessionService(storage: Storage, trees: TreeRegistry, namespaces: Namespaces): SessionService {
  return new LeasedSessions(storage, trees, namespaces);
}

class LeasedSessions implements SessionService {
  readonly #storage: Storage;
  readonly #trees: TreeRegistry;
  readonly #namespaces: Namespaces;
  readonly #reaper: SessionReaper;

  constructor(storage: Storage, trees: TreeRegistry, namespaces: Namespaces) {
    this.#storage = storage;
    this.#trees = trees;
    this.#namespaces = namespaces;
    this.#reaper = new SessionReaper(storage, trees);
  }

  async create(
    namespace: string,
    request: { readonly timeoutMs?: number; readonly owner?: bigint },
  ): Promise<SessionCredentials & { readonly timeoutMs: number }> {
    const timeoutMs = clampTimeoutMs(request.timeoutMs);
    return await withChangeErrors(async () => {
      await this.#namespaces.require(namespace);
      const { random } = this.#storage;
      for (let attempt = 0; attempt < sessionCreationsMax; attempt += 1) {
        const credentials = { sessionId: newSessionId(random, timeoutMs), password: newPassword(random) };
        if (await this.#create(namespace, credentials, request.owner)) return { ...credentials, timeoutMs };
      }
      throw new ServiceError("THROTTLING_QUOTA_EXCEEDED", "No id was free for the session");
    });
  }

  async heartbeat(
    namespace: string,
    credentials: SessionCredentials,
    owner?: bigint,
  ): Promise<{ readonly timeoutMs: number }> {
    checkNamespaceName(namespace);
    return await withChangeErrors(async () => {
      // Not asked for first: a namespace that has a session stays, so the lease alone is one request.
      const lease = await extendLease(this.#storage, namespace, credentials, owner);
      if (lease === "extended") return { timeoutMs: timeoutMsOf(credentials.sessionId) };
      if (lease === "moved") throw sessionMoved();
      await this.#namespaces.require(namespace);
      throw sessionExpired();
    });
  }

  async takeOver(
    namespace: string,
    credentials: SessionCredentials,
    owner: bigint,
  ): Promise<{ readonly timeoutMs: number; readonly zxid: number }> {
    const { sessionId } = credentials;
    return await withChangeErrors(async () => {
      await this.#namespaces.require(namespace);
      // The lease first: it decides who closes the session, and proves that it lives.
      if (!(await takeLease(this.#storage, namespace, credentials, owner))) throw sessionExpired();
      const zxid = await afterChange(() => this.#moveInTree(namespace, sessionId, owner));
      return { timeoutMs: timeoutMsOf(sessionId), zxid };
    });
  }

  async close(namespace: string, credentials: SessionCredentials, owner?: bigint): Promise<{ readonly zxid: number }> {
    return await withChangeErrors(async () => {
      await this.#namespaces.require(namespace);
      const lease = await closeOwnLease(this.#storage, namespace, credentials, owner);
      if (lease === "moved") throw sessionMoved();
      if (lease !== "closing") throw sessionExpired(lease === "over" ? "none" : "unknown");
      const zxid = await afterChange(() => this.#reaper.closeInTree(namespace, credentials.sessionId));
      await this.#dropLease(namespace, credentials.sessionId);
      // Another has closed it in the tree, for its time was over or because the lease says so.
      if (zxid === undefined) throw sessionExpired("unknown");
      return { zxid };
    });
  }

  async describe(
    namespace: string,
    credentials: SessionCredentials,
  ): Promise<{ readonly timeoutMs: number; readonly ephemerals: readonly string[]; readonly zxid: number }> {
    return await withStorageErrors(async () => {
      await this.#namespaces.require(namespace);
      const tree = await this.#trees.tree(namespace).read();
      if (!isOpenSession(tree, credentials)) throw sessionExpired();
      const { sessionId } = credentials;
      const ephemerals = [...tree.ephemerals(sessionId)].toSorted();
      return { timeoutMs: timeoutMsOf(sessionId), ephemerals, zxid: tree.lastZxid };
    });
  }

  reap(namespace: string, sessionId: bigint): Promise<void> {
    return this.#reaper.reap(namespace, sessionId);
  }

  reapIfOver(namespace: string, sessionId: bigint): Promise<number> {
    return withStorageErrors(() => this.#reaper.reapIfOver(namespace, sessionId));
  }

  sweep(namespace: string, later?: Later): Promise<void> {
    return this.#reaper.sweep(namespace, later);
  }

  /** Of a session that is closed: it stays so whether the store does this or not. */
  async #dropLease(namespace: string, sessionId: bigint): Promise<void> {
    try {
      await this.#storage.items.delete(sessionKey(namespace, sessionId));
    } catch (cause) {
      // The session's wake-up, which is on its way, finds the lease closing and sees to it.
      if (!isStorageFailure(cause)) throw cause;
    }
  }

  /** A zxid at which the owner serves the session. */
  async #moveInTree(namespace: string, sessionId: bigint, owner: bigint): Promise<number> {
    const tree = this.#trees.tree(namespace);
    const isThere = (known: Pick<ZnodeTree, "session"> | undefined): boolean =>
      known?.session(sessionId)?.owner === owner;
    // As far as this process knows; it is looked whether that still holds.
    if (isThere(tree.state)) {
      const latest = await tree.read();
      if (isThere(latest)) return latest.lastZxid;
    }
    const outcome = decidedOrThrow(await tree.write({ operations: [{ kind: "moveSession", sessionId, owner }] }));
    if ("result" in outcome) return outcome.result.zxid;
    throw refusalError(outcome.refusal);
  }

  /** False if the id is taken. Wherever it ends half-way, the lease runs out, and the reaper or the sweep ends the rest. */
  async #create(namespace: string, credentials: SessionCredentials, owner: bigint | undefined): Promise<boolean> {
    const { clock, wakeUps } = this.#storage;
    const { sessionId } = credentials;
    const timeoutMs = timeoutMsOf(sessionId);
    const leasedAt = instantOf(clock);
    if (!(await putLease(this.#storage, namespace, credentials, owner))) return false;
    const duty = { kind: "reap", namespace, sessionId: sessionId.toString() } as const;
    await wakeUps.wake(duty, timeoutMs + sessionSkewMs);
    const creation = { kind: "createSession", ...credentials, timeoutMs } as const;
    const operations: readonly Operation[] =
      owner === undefined ? [creation] : [creation, { kind: "moveSession", sessionId, owner }];
    const outcome = decidedOrThrow(
      await this.#namespaces.inOpenTree(namespace, () => this.#trees.tree(namespace).write({ operations })),
    );
    if ("refusal" in outcome) {
      if (outcome.refusal.code === "NODE_EXISTS") return false;
      throw refusalError(outcome.refusal);
    }
    if (isFresh(leasedAt, instantOf(clock), timeoutMs / 2)) return true;
    // This process stood still: the reaper may have looked for the session before it was there.
    return await afterChange(async () => {
      if ((await extendLease(this.#storage, namespace, credentials)) === "extended") return true;
      await this.#reaper.closeInTree(namespace, sessionId);
      throw new ServiceError("THROTTLING_QUOTA_EXCEEDED", "The session ran out while it was being created");
    });
  }
}

function newPassword(random: Random): Uint8Array {
  const password = new Uint8Array(sessionPasswordBytes);
  const view = new DataView(password.buffer);
  for (let at = 0; at < sessionPasswordBytes; at += 4) view.setUint32(at, random.uint32());
  return password;
}

function sessionMoved(): ServiceError {
  return new ServiceError("SESSION_MOVED", sessionMovedMessage);
}

function sessionExpired(effect: Effect = "none"): ServiceError {
  return new ServiceError("SESSION_EXPIRED", sessionExpiredMessage, { effect });
}
