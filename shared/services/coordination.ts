/**
 * What coordination offers: znodes, sessions, changes, elections, locks. Every method throws `ServiceError`; beside what
 * stands at each, any may throw UNKNOWN_NAMESPACE | KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED, a write also
 * REQUEST_TIMED_OUT (effect unknown), and one under a session SESSION_EXPIRED.
 */
import type { Later } from "../storage/later.ts";
import type { ErrorCode } from "../api/errors.ts";
import type { AclList, Identity } from "../tree/acl.ts";
import type { Stat } from "../tree/stat.ts";
import type { CreateMode } from "../tree/tree-request.ts";
import type { TreeEventType } from "../tree/tree-events.ts";

/** 16 random bytes prove that a session is the caller's. */
export interface SessionCredentials {
  /** 1 to 2^62-1. */
  readonly sessionId: bigint;
  readonly password: Uint8Array;
}

/** Who asks, and where. */
export interface CallContext {
  readonly namespace: string;
  /** Ip, digest, iam, super: what access control lists are checked against. */
  readonly identities: readonly Identity[];
  readonly session?: SessionCredentials;
}

// ---- Znodes ----

export interface CreateZnode {
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly mode: CreateMode;
  /** Absent: world:anyone may do everything. */
  readonly acl?: AclList;
  readonly ttlMs?: number;
}

/** An operation of a multi; a version of -1 stands for any. */
export type MultiOperation =
  | ({ readonly kind: "create" } & CreateZnode)
  | { readonly kind: "delete"; readonly path: string; readonly version: number }
  | { readonly kind: "setData"; readonly path: string; readonly data: Uint8Array | null; readonly version: number }
  | { readonly kind: "check"; readonly path: string; readonly version: number }
  /** FENCED unless the grant with this token still stands: `path` is its znode. */
  | { readonly kind: "fence"; readonly path: string; readonly czxid: number };

export type MultiResult =
  | { readonly kind: "create"; readonly path: string; readonly stat: Stat }
  | { readonly kind: "setData"; readonly stat: Stat }
  | { readonly kind: "delete" }
  | { readonly kind: "check" };

/** `minZxid`: whatever this process has seen will do if it is at least that new; absent: linearizable. */
export interface ReadOptions {
  readonly minZxid?: number;
}

export type ReadOperation =
  | { readonly kind: "getData"; readonly path: string }
  | { readonly kind: "getChildren"; readonly path: string };

export type ReadResult =
  | { readonly kind: "getData"; readonly data: Uint8Array | null; readonly stat: Stat }
  | { readonly kind: "getChildren"; readonly children: readonly string[]; readonly stat: Stat }
  | { readonly kind: "error"; readonly error: ErrorCode; readonly message: string };

export interface ChildrenPage {
  /** In the order of their names by UTF-16 code units. */
  readonly children: readonly string[];
  readonly stat: Stat;
  readonly zxid: number;
  /** The last name of the page; absent on the last page. */
  readonly nextToken?: string;
}

/** A write's answer carries the zxid of its transaction, a read's that of the tree that it saw. */
export interface ZnodeService {
  /** @throws ServiceError NO_NODE | NODE_EXISTS | NO_AUTH | INVALID_ACL | NO_CHILDREN_FOR_EPHEMERALS | BAD_ARGUMENTS */
  create(
    context: CallContext,
    request: CreateZnode & { readonly idempotencyKey?: string },
  ): Promise<{ readonly path: string; readonly stat: Stat; readonly zxid: number }>;
  /** @throws ServiceError NO_NODE | BAD_VERSION | NO_AUTH | BAD_ARGUMENTS */
  setData(
    context: CallContext,
    request: {
      readonly path: string;
      readonly data: Uint8Array | null;
      readonly version: number;
      readonly idempotencyKey?: string;
    },
  ): Promise<{ readonly stat: Stat; readonly zxid: number }>;
  /** @throws ServiceError NO_NODE | BAD_VERSION | NOT_EMPTY | NO_AUTH | BAD_ARGUMENTS */
  delete(
    context: CallContext,
    request: { readonly path: string; readonly version: number; readonly idempotencyKey?: string },
  ): Promise<{ readonly zxid: number }>;
  /** `version` is the aversion. @throws ServiceError NO_NODE | BAD_VERSION | NO_AUTH | INVALID_ACL | BAD_ARGUMENTS */
  setAcl(
    context: CallContext,
    request: {
      readonly path: string;
      readonly acl: AclList;
      readonly version: number;
      readonly idempotencyKey?: string;
    },
  ): Promise<{ readonly stat: Stat; readonly zxid: number }>;
  /**
   * All or nothing, at one zxid.
   *
   * @throws ServiceError what the first operation that fails does; details: operationIndex, and results with one error
   *   name for each operation as ZooKeeper has them (OK before it, RUNTIME_INCONSISTENCY after it)
   */
  multi(
    context: CallContext,
    request: { readonly operations: readonly MultiOperation[]; readonly idempotencyKey?: string },
  ): Promise<{ readonly results: readonly MultiResult[]; readonly zxid: number }>;

  /** @throws ServiceError NO_NODE | NO_AUTH | BAD_ARGUMENTS, as all reads */
  getData(
    context: CallContext,
    path: string,
    options?: ReadOptions,
  ): Promise<{ readonly data: Uint8Array | null; readonly stat: Stat; readonly zxid: number }>;
  exists(
    context: CallContext,
    path: string,
    options?: ReadOptions,
  ): Promise<{ readonly stat: Stat; readonly zxid: number }>;
  /** Digests are masked unless the caller may ADMIN. */
  getAcl(
    context: CallContext,
    path: string,
    options?: ReadOptions,
  ): Promise<{ readonly acl: AclList; readonly stat: Stat; readonly zxid: number }>;
  getChildren(
    context: CallContext,
    path: string,
    page: { readonly limit: number; readonly nextToken?: string },
    options?: ReadOptions,
  ): Promise<ChildrenPage>;
  /** ZooKeeper's getAllChildrenNumber. */
  countDescendants(
    context: CallContext,
    path: string,
    options?: ReadOptions,
  ): Promise<{ readonly count: number; readonly zxid: number }>;
  /** All on one state of the tree; each operation has its own result or error. */
  multiRead(
    context: CallContext,
    operations: readonly ReadOperation[],
    options?: ReadOptions,
  ): Promise<{ readonly results: readonly ReadResult[]; readonly zxid: number }>;
}

// ---- Changes ----

export interface ZnodeEvent {
  readonly zxid: number;
  /** ZooKeeper's `Watcher.Event.EventType`. */
  readonly type: TreeEventType;
  readonly path: string;
}

export interface ChangeService {
  /**
   * Events after `since`, oldest first, all those of one zxid together; waits up to `waitMs` for the first one. A path alone
   * gets what a persistent watch gets, with `recursive` what a persistent recursive one gets (no NodeChildrenChanged).
   * Only what the caller may READ. `zxid` is the next `since`. Without `since`: no events, and where to begin.
   *
   * @throws ServiceError OFFSET_OUT_OF_RANGE (details: oldestZxid, the smallest `since` that can be served, and zxid) |
   *   NO_AUTH never: what must not be seen is left out | BAD_ARGUMENTS
   */
  changes(
    context: CallContext,
    request: {
      readonly since?: number;
      /** Changes of the transaction after `since` that are known already. */
      readonly skip?: number;
      readonly path: string;
      readonly recursive: boolean;
      /** A zxid's events stay together, so there may be a few more. */
      readonly limit: number;
      /** Of the events as JSON; where it is reached within a zxid, that is torn. Default none. */
      readonly bytesMax?: number;
      readonly waitMs: number;
      readonly signal?: AbortSignal;
    },
  ): Promise<ChangesAnswer>;
}

export interface ChangesAnswer {
  readonly events: readonly ZnodeEvent[];
  /** Where to go on from. */
  readonly zxid: number;
  /** To be sent with it, where the events of the next zxid are too many for one answer. */
  readonly skip?: number;
}

// ---- Sessions ----

export interface SessionService {
  /** The timeout is clamped to what the service allows. @param request.owner who serves it: see `takeOver` */
  create(
    namespace: string,
    request: { readonly timeoutMs?: number; readonly owner?: bigint },
  ): Promise<SessionCredentials & { readonly timeoutMs: number }>;
  /**
   * Also how a session is taken up again by another process.
   *
   * @param owner if the caller is the one process that serves the session
   * @throws ServiceError SESSION_EXPIRED | SESSION_MOVED (another serves it)
   */
  heartbeat(
    namespace: string,
    credentials: SessionCredentials,
    owner?: bigint,
  ): Promise<{ readonly timeoutMs: number }>;
  /**
   * A heartbeat by which `owner` comes to serve the session: when it is answered, whatever is asked for in the name of another
   * owner is refused with SESSION_MOVED. A tree at `zxid` knows of it.
   *
   * @param owner a whole number of 64 bits with its sign, never used by another process or after a restart
   * @throws ServiceError SESSION_EXPIRED
   */
  takeOver(
    namespace: string,
    credentials: SessionCredentials,
    owner: bigint,
  ): Promise<{ readonly timeoutMs: number; readonly zxid: number }>;
  /** Removes its ephemerals at one zxid. @throws ServiceError SESSION_EXPIRED | SESSION_MOVED (to another than `owner`) */
  close(namespace: string, credentials: SessionCredentials, owner?: bigint): Promise<{ readonly zxid: number }>;
  /** @throws ServiceError SESSION_EXPIRED */
  describe(
    namespace: string,
    credentials: SessionCredentials,
  ): Promise<{ readonly timeoutMs: number; readonly ephemerals: readonly string[]; readonly zxid: number }>;
  /** For the reaper: closes the session if its lease is over, else looks again when it may be. Safe at any time. */
  reap(namespace: string, sessionId: bigint): Promise<void>;
  /** As `reap`, for who looks again by itself. Answers how long the session still has, ms; 0 if it was over. */
  reapIfOver(namespace: string, sessionId: bigint): Promise<number>;
  /** For the sweep: reaps what a lost wake-up left in a namespace. @param later told when leases that live will be over */
  sweep(namespace: string, later?: Later): Promise<void>;
}

// ---- Elections and locks ----

/** A grant: `fencingToken` is the czxid of `path`, and only grows from grant to grant. */
export interface Grant {
  readonly path: string;
  readonly fencingToken: number;
}

export interface Leader extends Grant {
  readonly data: Uint8Array | null;
  readonly sessionId: bigint;
}

/** A call under a session; several contenders of one session tell themselves apart by their ids. */
export interface Contender {
  /** `[A-Za-z0-9_-]{1,64}`; default: the session's own. */
  readonly contenderId?: string;
}

export interface ElectionService {
  /**
   * Stands for election, or goes on waiting: the same contender keeps its place. Not elected after `waitMs`: it stays a
   * candidate until it resigns or its session ends.
   *
   * @throws ServiceError NO_AUTH | BAD_ARGUMENTS (no session, a bad name)
   */
  campaign(
    context: CallContext,
    name: string,
    request: Contender & { readonly data?: Uint8Array | null; readonly waitMs: number; readonly signal?: AbortSignal },
  ): Promise<{ readonly leader: boolean; readonly candidate: string; readonly fencingToken?: number }>;
  /** @throws ServiceError NO_NODE if it is no candidate */
  resign(context: CallContext, name: string, request: Contender): Promise<void>;
  /** Changes the leader's data. @throws ServiceError FENCED if it is not the leader */
  proclaim(
    context: CallContext,
    name: string,
    request: Contender & { readonly data: Uint8Array | null },
  ): Promise<{ readonly fencingToken: number }>;
  /** Undefined while there is none. */
  leader(
    context: CallContext,
    name: string,
  ): Promise<{ readonly leader: Leader | undefined; readonly candidates: number; readonly since: string }>;
  /** Waits until there is another leader, or other data, than at `since` (as an earlier answer gave it, or a token). */
  observe(
    context: CallContext,
    name: string,
    request: { readonly since?: string; readonly waitMs: number; readonly signal?: AbortSignal },
  ): Promise<{ readonly leader: Leader | undefined; readonly since: string }>;
}

export type LockMode = "write" | "read";

export interface LockService {
  /**
   * A write lock excludes all others, a read lock write locks; first come, first served. Not granted after `waitMs`: the
   * place in line is given up, unless `keepPlace`; then the same contender goes on waiting with its next call.
   *
   * @throws ServiceError NO_AUTH | BAD_ARGUMENTS (no session, a bad name)
   */
  acquire(
    context: CallContext,
    name: string,
    request: Contender & {
      readonly mode: LockMode;
      readonly waitMs: number;
      readonly keepPlace?: boolean;
      readonly signal?: AbortSignal;
    },
  ): Promise<{ readonly acquired: boolean; readonly path?: string; readonly fencingToken?: number }>;
  /** Gives up the lock, or the place in line. @throws ServiceError NO_NODE if there is neither */
  release(context: CallContext, name: string, request: Contender & { readonly mode?: LockMode }): Promise<void>;
  /** Who holds it, and how many wait. */
  describe(
    context: CallContext,
    name: string,
  ): Promise<{
    readonly holders: readonly (Grant & { readonly mode: LockMode; readonly sessionId: bigint })[];
    readonly waiting: number;
  }>;
}
