import { expect, test } from "vitest";
import { zxid } from "../../../shared/brand.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import { applyTransaction } from "../../../shared/tree/apply.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../shared/tree/snapshot-codec.ts";
import { encodeTransactions } from "../../../shared/tree/transaction-codec.ts";
import type { Change } from "../../../shared/tree/transaction.ts";
import { ZnodeTree } from "../../../shared/tree/znode-tree.ts";
import { dump } from "./operations.ts";

const opened: Change = {
  kind: "createSession",
  sessionId: 5n,
  timeoutMs: 10_000,
  password: new Uint8Array(16).fill(3),
};
const moved: Change = { kind: "moveSession", sessionId: 5n, owner: -2n };

const transactionBefore = "010001090a904e1003030303030303030303030303030303";
/** Of a tree with that session, as it was written before sessions had owners. */
const snapshotBefore =
  "534b54530100000021c48e2f15010102011f05776f726c6406616e796f6e65010105776f726c6406616e796f6e65000000472b48da4a0202010000000000000000000200097a6f6f6b65657065720100000000000000000000010571756f746101000000000000000000000106636f6e666967010100000000000001000000001574c8200c040a904e1003030303030303030303030303030303000000040cd1849cff040001";

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function treeOf(...changes: readonly Change[]): ZnodeTree {
  const tree = ZnodeTree.initial();
  applyTransaction(tree, { changes }, zxid(1), 1_000);
  return tree;
}

function snapshotOf(tree: ZnodeTree): Uint8Array {
  return new Uint8Array(Buffer.concat([...encodeSnapshot(tree.beginImage())]));
}

test("what has no owner is written as before sessions had any, and what was written then is read", () => {
  expect(hexOf(encodeTransactions([{ changes: [opened] }]))).toBe(transactionBefore);
  expect(hexOf(snapshotOf(treeOf(opened)))).toBe(snapshotBefore);
  expect(dump(decodeSnapshot(new Uint8Array(Buffer.from(snapshotBefore, "hex"))))).toEqual(dump(treeOf(opened)));
});

test("an owner is in the log and in the snapshot", () => {
  expect(hexOf(encodeTransactions([{ changes: [moved] }]))).toBe("0100010d0a03");
  const tree = treeOf(opened, moved);
  const restored = decodeSnapshot(snapshotOf(tree));
  expect(restored.session(5n)?.owner).toBe(-2n);
  expect(dump(restored)).toEqual(dump(tree));
});

test("a session that moves and is not there shows that log and state have parted", () => {
  expect(() => treeOf(moved)).toThrow(StorageCorruptError);
});
