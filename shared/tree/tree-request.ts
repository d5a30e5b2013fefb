/** What is asked of a tree, and what it answers. */
import type { Zxid } from "../brand.ts";
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
  | { readonly kind: "create"; readonly path: string; readonly data: Uint8Array | null; readonly mode: CreateMode }
  | { readonly kind: "delete"; readonly path: string; readonly version: number }
  | { readonly kind: "setData"; readonly path: string; readonly data: Uint8Array | null; readonly version: number }
  | { readonly kind: "check"; readonly path: string; readonly version: number };

export const anyVersion = -1;

/** All operations or none, at one zxid (ZooKeeper's multi). */
export interface TreeRequest {
  readonly operations: readonly Operation[];
  /** A request with a key that was seen before is answered as the first time. */
  readonly idempotency?: Idempotency;
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
  | { readonly kind: "delete" }
  | { readonly kind: "check" };

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
  UNIMPLEMENTED: -6,
  BAD_ARGUMENTS: -8,
  NO_NODE: -101,
  BAD_VERSION: -103,
  NODE_EXISTS: -110,
  NOT_EMPTY: -111,
} as const;

export type TreeErrorCode = keyof typeof treeErrorCodes;

/** Nothing of the request was done. */
export interface TreeRefusal {
  readonly code: Exclude<TreeErrorCode, "OK" | "RUNTIME_INCONSISTENCY"> | "IDEMPOTENCY_KEY_REUSED";
  readonly message: string;
  /** Of the operation that is refused; absent if the request as a whole is. */
  readonly operationIndex?: number;
}

/**
 * What each operation of a refused multi answers: 0 before the one that failed, its code, RUNTIME_INCONSISTENCY after it
 * (`DataTree.processTxn`).
 */
export function multiErrors(refusal: TreeRefusal, operationCount: number): readonly TreeErrorCode[] {
  const { code } = refusal;
  const failed: TreeErrorCode = code === "IDEMPOTENCY_KEY_REUSED" ? "BAD_ARGUMENTS" : code;
  const failedIndex = refusal.operationIndex ?? 0;
  return Array.from({ length: operationCount }, (_, index) => {
    if (index === failedIndex) return failed;
    return index < failedIndex ? "OK" : "RUNTIME_INCONSISTENCY";
  });
}
