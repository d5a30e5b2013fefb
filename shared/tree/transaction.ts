/** What is written to a tree's log: decided changes, which every replica applies in the same way. */
import type { AclList } from "./acl.ts";
import type { Idempotency } from "./tree-request.ts";

/** A znode that comes or goes, and the lists that hold for it and for its parent at that time: watchers are told by them. */
export interface MemberChange {
  readonly path: string;
  readonly aclIndex: number;
  readonly parentAclIndex: number;
}

/** One change of a transaction. */
export type Change =
  /** The tree begins: `/`, `/zookeeper` and what stands below it. Only at zxid 0. */
  | { readonly kind: "genesis" }
  /** `owner` is what the Stat says as ephemeralOwner. */
  | ({ readonly kind: "create"; readonly data: Uint8Array | null; readonly owner: bigint } & MemberChange)
  /** `version` is the one that the znode has after it. */
  | {
      readonly kind: "setData";
      readonly path: string;
      readonly data: Uint8Array | null;
      readonly version: number;
      readonly aclIndex: number;
    }
  | ({ readonly kind: "delete" } & MemberChange)
  /** Changes nothing; stands for its place in the results of a multi. */
  | { readonly kind: "check"; readonly path: string }
  /** The next list of the tree: what follows names it by its index. */
  | { readonly kind: "addAcl"; readonly list: AclList }
  /** `version` is the aversion that the znode has after it. */
  | { readonly kind: "setAcl"; readonly path: string; readonly aclIndex: number; readonly version: number }
  | {
      readonly kind: "createSession";
      readonly sessionId: bigint;
      readonly timeoutMs: number;
      /** 16 bytes. */
      readonly password: Uint8Array;
    }
  | { readonly kind: "moveSession"; readonly sessionId: bigint; readonly owner: bigint }
  /** `removed` are its ephemerals, by path. */
  | { readonly kind: "closeSession"; readonly sessionId: bigint; readonly removed: readonly MemberChange[] }
  /** The namespace is gone: until it is opened again nothing is written. */
  | { readonly kind: "closeTree" }
  | { readonly kind: "openTree" };

/** All at one zxid, at the time of the entry that holds it. */
export interface Transaction {
  readonly changes: readonly Change[];
  readonly idempotency?: Idempotency;
}
