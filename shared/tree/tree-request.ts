/** What is asked of a tree, and what it answers. */
import type { Zxid } from "../brand.ts";
import type { AclList, Identity } from "./acl.ts";
import type { Stat } from "./stat.ts";

/** ZooKeeper's CreateMode. */
export type CreateMode =
  | "persistent"
  | "persistent_sequential"
  | "ephemeral"
  | "ephemeral_sequential"
  | "container"
  | "persistent_with_ttl"
  | "persistent_sequential_with_ttl";

/** One operation of a request; a version of -1 stands for any version. */
export type Operation =
  | {
      readonly kind: "create";
      readonly path: string;
      readonly data: Uint8Array | null;
      readonly mode: CreateMode;
      /** Absent: everyone may do everything. */
      readonly acl?: AclList;
      /** For the modes with a TTL, 1 to 2^40-1 ms. */
      readonly ttlMs?: number;
    }
  | { readonly kind: "delete"; readonly path: string; readonly version: number }
  | { readonly kind: "setData"; readonly path: string; readonly data: Uint8Array | null; readonly version: number }
  | { readonly kind: "check"; readonly path: string; readonly version: number }
  /** `version` is the aversion. */
  | { readonly kind: "setAcl"; readonly path: string; readonly acl: AclList; readonly version: number }
  /** FENCED unless the znode that was created at `czxid` is still there: what a grant's fencing token stands for. */
  | { readonly kind: "fence"; readonly path: string; readonly czxid: number }
  /** NODE_EXISTS if the id is taken. */
  | {
      readonly kind: "createSession";
      readonly sessionId: bigint;
      readonly timeoutMs: number;
      readonly password: Uint8Array;
    }
  /** From now on `owner`, a whole number of 64 bits with its sign, serves the session. SESSION_EXPIRED if there is none. */
  | { readonly kind: "moveSession"; readonly sessionId: bigint; readonly owner: bigint }
  /** Removes all its ephemerals. SESSION_EXPIRED if there is no such session. */
  | { readonly kind: "closeSession"; readonly sessionId: bigint }
  /** A container that had children and has none, or a childless TTL znode whose time is over; else BAD_ARGUMENTS. */
  | { readonly kind: "deleteContainer"; readonly path: string }
  /** Only on a tree without sessions and without znodes but its own, else NOT_EMPTY. Writes are UNKNOWN_NAMESPACE from then on. */
  | { readonly kind: "closeTree" }
  | { readonly kind: "openTree" };

export const anyVersion = -1;

/** All operations or none, at one zxid (ZooKeeper's multi). */
export interface TreeRequest {
  readonly operations: readonly Operation[];
  /** Who asks; absent for the service itself, which access control lists do not bind. */
  readonly identities?: readonly Identity[];
  /** Needed for ephemerals; a request with one is refused once the session is closed. */
  readonly session?: SessionProof;
  /** A request with a key that was seen before is answered as the first time. */
  readonly idempotency?: Idempotency;
  /** What came before it from the same client. */
  readonly chain?: WriteChain;
}

/**
 * The writes of one client, in the order in which they are asked for. When one has failed, or nobody knows whether it was carried
 * out, those asked for after it never are: they fail as well. A refusal is an answer like any other.
 */
export interface WriteChain {
  /** May be set by the client's side, too: what waits is dropped then. */
  broken: boolean;
}

export interface SessionProof {
  readonly sessionId: bigint;
  /** 16 bytes; absent when the caller has been checked already. */
  readonly password?: Uint8Array;
  /** SESSION_MOVED if another serves the session by now; absent for who does not mind. */
  readonly owner?: bigint;
}

export interface Idempotency {
  readonly key: string;
  /** A u32 from what the caller asked for, so that a key which is used for two different requests is found out. */
  readonly fingerprint: number;
}

/** What one operation did; the Stat is that of the znode right after it. */
export type OperationResult =
  | { readonly kind: "create"; readonly path: string; readonly stat: Stat }
  | { readonly kind: "setData"; readonly stat: Stat }
  | { readonly kind: "setAcl"; readonly stat: Stat }
  | { readonly kind: "delete" }
  /** Of a fence as well. */
  | { readonly kind: "check" }
  | { readonly kind: "createSession" }
  | { readonly kind: "moveSession" }
  | { readonly kind: "closeSession" }
  /** Closed or opened. */
  | { readonly kind: "tree" };

export interface TreeResult {
  /** Of the transaction; for an empty request the last one that was seen. */
  readonly zxid: Zxid;
  /** One for each operation, in order. */
  readonly results: readonly OperationResult[];
  /** True if an earlier request with the same key did it. */
  readonly repeated: boolean;
}

/** Why a tree refuses a request: ZooKeeper's names, with ZooKeeper's codes. */
export const treeErrorCodes = {
  OK: 0,
  RUNTIME_INCONSISTENCY: -2,
  BAD_ARGUMENTS: -8,
  NO_NODE: -101,
  NO_AUTH: -102,
  BAD_VERSION: -103,
  NO_CHILDREN_FOR_EPHEMERALS: -108,
  NODE_EXISTS: -110,
  NOT_EMPTY: -111,
  SESSION_EXPIRED: -112,
  INVALID_ACL: -114,
  SESSION_MOVED: -118,
  QUOTA_EXCEEDED: -125,
} as const;

export type TreeErrorCode = keyof typeof treeErrorCodes;

/** Nothing of the request was done. */
export interface TreeRefusal {
  readonly code:
    | Exclude<TreeErrorCode, "OK" | "RUNTIME_INCONSISTENCY">
    | "IDEMPOTENCY_KEY_REUSED"
    | "FENCED"
    | "UNKNOWN_NAMESPACE";
  readonly message: string;
  /** Of the operation that is refused; absent if the request as a whole is. */
  readonly operationIndex?: number;
  /** The last transaction of the tree that was asked, where one was. */
  readonly zxid?: number;
}

/**
 * What each operation of a refused multi answers: 0 before the one that failed, its code, RUNTIME_INCONSISTENCY after it
 * (`DataTree.processTxn`).
 */
export function multiErrors(refusal: TreeRefusal, operationCount: number): readonly TreeErrorCode[] {
  const failed = zookeeperCodeOf(refusal.code);
  const failedIndex = refusal.operationIndex ?? 0;
  return Array.from({ length: operationCount }, (_, index) => {
    if (index === failedIndex) return failed;
    return index < failedIndex ? "OK" : "RUNTIME_INCONSISTENCY";
  });
}

/** ZooKeeper's name for a refusal that has one of ours. */
function zookeeperCodeOf(code: TreeRefusal["code"]): TreeErrorCode {
  if (code === "IDEMPOTENCY_KEY_REUSED") return "BAD_ARGUMENTS";
  if (code === "FENCED") return "BAD_VERSION";
  return code === "UNKNOWN_NAMESPACE" ? "NO_NODE" : code;
}
