/** How a decided change alters a tree: the same on every replica, and on the speculation that decided it. */
import type { Zxid } from "../brand.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import { encodeResults } from "./operation-results.ts";
import { parentOf } from "./paths.ts";
import { nextVersion, statOf, type Znode } from "./stat.ts";
import type { Change, Transaction } from "./transaction.ts";
import type { OperationResult } from "./tree-request.ts";
import type { ZnodeTarget, ZnodeTree } from "./znode-tree.ts";

/**
 * Applies a transaction that continues the tree's log.
 *
 * @param time of the entry, ms since the epoch
 * @throws StorageCorruptError if it does not fit the tree: the log and the state have parted
 */
export function applyTransaction(tree: ZnodeTree, transaction: Transaction, zxid: Zxid, time: number): void {
  const results = transaction.changes.flatMap((change) => applyChange(tree, change, zxid, time) ?? []);
  tree.lastZxid = zxid;
  const { idempotency } = transaction;
  if (idempotency === undefined) return;
  const { key, fingerprint } = idempotency;
  tree.requests.add(key, { zxid, fingerprint, results: encodeResults(results) });
}

/** Undefined for what is no operation of its own: the genesis, and a new access control list. */
export function applyChange(
  target: ZnodeTarget,
  change: Change,
  zxid: Zxid,
  time: number,
): OperationResult | undefined {
  switch (change.kind) {
    case "genesis":
      if (zxid !== 0) throw new StorageCorruptError(`a tree begins again at zxid ${zxid}`);
      return undefined;
    case "create":
      return create(target, change, zxid, time);
    case "setData":
      return setData(target, change, zxid, time);
    case "delete":
      remove(target, change.path, zxid);
      return { kind: "delete" };
    case "check":
      return { kind: "check" };
    case "addAcl":
      target.addAcl(change.list);
      return undefined;
    case "setAcl":
      return setAcl(target, change, zxid);
    case "createSession":
      target.putSession(change.sessionId, { timeoutMs: change.timeoutMs, password: change.password });
      return { kind: "createSession" };
    case "moveSession":
      return moveSession(target, change, zxid);
    case "closeSession":
      for (const { path } of change.removed) remove(target, path, zxid);
      target.removeSession(change.sessionId);
      return { kind: "closeSession" };
    case "closeTree":
    case "openTree":
      target.closed = change.kind === "closeTree";
      return { kind: "tree" };
  }
}

function create(
  target: ZnodeTarget,
  { path, data, owner, aclIndex }: Extract<Change, { kind: "create" }>,
  zxid: Zxid,
  time: number,
): OperationResult {
  const parent = existing(target, parentOf(path), zxid);
  if (target.node(path) !== undefined) throw new StorageCorruptError(`${path}, created at ${zxid}, is there already`);
  if (aclIndex >= target.aclCount) throw new StorageCorruptError(`${path}, created at ${zxid}, names list ${aclIndex}`);
  parent.creations += 1;
  parent.numChildren += 1;
  parent.pzxid = zxid;
  const node: Znode = {
    data,
    aclIndex,
    czxid: zxid,
    mzxid: zxid,
    pzxid: zxid,
    ctime: time,
    mtime: time,
    version: 0,
    aversion: 0,
    creations: 0,
    numChildren: 0,
    ephemeralOwner: owner,
    children: undefined,
  };
  target.insert(path, node);
  return { kind: "create", path, stat: statOf(node) };
}

function moveSession(
  target: ZnodeTarget,
  { sessionId, owner }: Extract<Change, { kind: "moveSession" }>,
  zxid: Zxid,
): OperationResult {
  const session = target.session(sessionId);
  if (session === undefined) throw new StorageCorruptError(`session ${sessionId}, moved at ${zxid}, is not there`);
  target.putSession(sessionId, { ...session, owner });
  return { kind: "moveSession" };
}

function setAcl(
  target: ZnodeTarget,
  { path, aclIndex, version }: Extract<Change, { kind: "setAcl" }>,
  zxid: Zxid,
): OperationResult {
  const node = existing(target, path, zxid);
  if (version !== nextVersion(node.aversion) || aclIndex >= target.aclCount) {
    throw new StorageCorruptError(`${path} goes from aversion ${node.aversion} to ${version} at ${zxid}`);
  }
  node.aclIndex = aclIndex;
  node.aversion = version;
  return { kind: "setAcl", stat: statOf(node) };
}

function setData(
  target: ZnodeTarget,
  { path, data, version }: Extract<Change, { kind: "setData" }>,
  zxid: Zxid,
  time: number,
): OperationResult {
  const node = existing(target, path, zxid);
  if (version !== nextVersion(node.version)) {
    throw new StorageCorruptError(`${path} goes from version ${node.version} to ${version} at ${zxid}`);
  }
  target.setData(node, data);
  node.version = version;
  node.mzxid = zxid;
  node.mtime = time;
  return { kind: "setData", stat: statOf(node) };
}

function remove(target: ZnodeTarget, path: string, zxid: Zxid): void {
  const node = target.node(path);
  if (node === undefined || node.numChildren > 0) {
    throw new StorageCorruptError(
      `${path}, deleted at ${zxid}, ${node === undefined ? "is not there" : "has children"}`,
    );
  }
  const parent = existing(target, parentOf(path), zxid);
  parent.numChildren -= 1;
  parent.pzxid = zxid;
  target.remove(path);
}

function existing(target: ZnodeTarget, path: string, zxid: Zxid): Znode {
  const node = target.edit(path);
  if (node === undefined) throw new StorageCorruptError(`${path}, changed at ${zxid}, is not there`);
  return node;
}
