/** A tree of any size in a store, as a snapshot of it leaves it, without the writes that would have made it. */
import { zxid } from "../../shared/brand.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { applyTransaction } from "../../shared/tree/apply.ts";
import type { Change } from "../../shared/tree/transaction.ts";
import { writeSnapshot } from "../../shared/tree/write-snapshot.ts";
import { ZnodeTree } from "../../shared/tree/znode-tree.ts";

/** Znodes below one parent. */
const perParent = 1_000;

/** Paths of the znodes of a large tree: `/large/<group>/n<index>`. */
export function largeTreePath(index: number): string {
  return `/large/${Math.floor(index / perParent)}/n${index}`;
}

/** Puts a tree with `znodes` leaves, each of `dataBytes`, where a cold process finds it. */
export async function storeLargeTree(
  storage: Storage,
  namespace: string,
  znodes: number,
  dataBytes: number,
): Promise<void> {
  const tree = ZnodeTree.initial();
  const lists = { aclIndex: 0, parentAclIndex: 0, owner: 0n } as const;
  const data = new Uint8Array(dataBytes).fill(7);
  let at = 1;
  const create = (path: string): void => {
    const change: Change = { kind: "create", path, data, ...lists };
    applyTransaction(tree, { changes: [change] }, zxid(at), 1_750_000_000_000);
    at += 1;
  };
  create("/large");
  for (let index = 0; index < znodes; index += 1) {
    if (index % perParent === 0) create(`/large/${index / perParent}`);
    create(largeTreePath(index));
  }
  await writeSnapshot(storage, namespace, tree.beginImage());
}
