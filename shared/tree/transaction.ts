/** What is written to a tree's log: decided changes, which every replica applies in the same way. */
import type { Idempotency } from "./tree-request.ts";

/** One change of a transaction. */
export type Change =
  /** The tree begins: `/`, `/zookeeper` and what stands below it. Only at zxid 0. */
  | { readonly kind: "genesis" }
  | { readonly kind: "create"; readonly path: string; readonly data: Uint8Array | null }
  /** `version` is the one that the znode has after it. */
  | { readonly kind: "setData"; readonly path: string; readonly data: Uint8Array | null; readonly version: number }
  | { readonly kind: "delete"; readonly path: string }
  /** Changes nothing; stands for its place in the results of a multi. */
  | { readonly kind: "check"; readonly path: string };

/** All at one zxid, at the time of the entry that holds it. */
export interface Transaction {
  readonly changes: readonly Change[];
  readonly idempotency?: Idempotency;
}
