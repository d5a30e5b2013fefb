/**
 * What one operation does to a tree, by ZooKeeper's rules and in the order of its checks (`PrepRequestProcessor`,
 * ZooKeeper 3.8): pure.
 *
 * Model: `models/sessions/Sessions.tla`.
 */
import { aclListsMax, ephemeralsPerSessionMax, treeSessionsMax, znodeTtlMsMax } from "../limits.ts";
import { type AclList, mayAccess, openAcl, openAclIndex, permission, resolveAcl } from "./acl.ts";
import { containerOwner, isEphemeral, persistentOwner, ttlMsOf, ttlOwner } from "./owner.ts";
import { findPathProblem, parentOf, rootPath, sequentialSuffix } from "./paths.ts";
import { nextVersion, type Znode } from "./stat.ts";
import type { Change, MemberChange } from "./transaction.ts";
import { anyVersion, type CreateMode, type Operation, type TreeRefusal, type TreeRequest } from "./tree-request.ts";
import type { ZnodeView } from "./znode-tree.ts";

export type Refusal = Omit<TreeRefusal, "operationIndex">;
type Refused = { readonly refusal: Refusal };
type Decision = { readonly changes: readonly Change[] } | Refused;
type Of<Kind extends Operation["kind"]> = Extract<Operation, { kind: Kind }>;

/** Who asks, and when. */
export interface Asked {
  readonly request: Pick<TreeRequest, "identities" | "session">;
  /** Of the entry, ms since the epoch. */
  readonly time: number;
}

export function decide(view: ZnodeView, operation: Operation, asked: Asked): Decision {
  switch (operation.kind) {
    case "create":
      return decideCreate(view, operation, asked);
    case "delete":
      return decideDelete(view, operation, asked);
    case "setData":
      return decideSetData(view, operation, asked);
    case "check":
      return decideCheck(view, operation, asked);
    case "setAcl":
      return decideSetAcl(view, operation, asked);
    case "fence":
      return decideFence(view, operation, asked);
    case "createSession":
      return decideCreateSession(view, operation);
    case "moveSession":
      return decideMoveSession(view, operation);
    case "closeSession":
      return decideCloseSession(view, operation);
    case "deleteContainer":
      return decideDeleteContainer(view, operation, asked);
    case "closeTree":
      return decideCloseTree(view);
    case "openTree":
      return { changes: [{ kind: "openTree" }] };
  }
}

export function isEphemeralMode(mode: CreateMode): boolean {
  return mode === "ephemeral" || mode === "ephemeral_sequential";
}

function isSequentialMode(mode: CreateMode): boolean {
  return mode.includes("sequential");
}

function decideCreate(view: ZnodeView, operation: Of<"create">, asked: Asked): Decision {
  const owner = ownerOf(operation, asked);
  if (typeof owner !== "bigint") return owner;
  if (!hasParent(operation.path)) return { refusal: badPath(operation.path, "a path starts with /") };
  const lists = listChanges(view, operation.acl ?? openAcl, asked);
  if ("refusal" in lists) return lists;
  const parent = view.node(parentOf(operation.path));
  if (parent === undefined) return { refusal: noNode(parentOf(operation.path)) };
  if (!isAllowed(view, parent, permission.create, asked)) return { refusal: noAuth(operation.path) };
  const suffix = isSequentialMode(operation.mode) ? sequentialSuffix(parent.creations) : "";
  const path = operation.path + suffix;
  const problem = findPathProblem(path);
  if (problem !== undefined) return { refusal: badPath(path, problem) };
  if (view.node(path) !== undefined) return { refusal: { code: "NODE_EXISTS", message: `${path} exists` } };
  if (isEphemeral(parent.ephemeralOwner)) {
    return { refusal: { code: "NO_CHILDREN_FOR_EPHEMERALS", message: `${parentOf(path)} is ephemeral` } };
  }
  if (isEphemeral(owner) && view.ephemeralCount(owner) >= ephemeralsPerSessionMax) {
    return { refusal: quotaExceeded(`the session has ${ephemeralsPerSessionMax} ephemerals`) };
  }
  const { aclIndex } = lists;
  const create: Change = {
    kind: "create",
    path,
    data: copyOf(operation.data),
    owner,
    aclIndex,
    parentAclIndex: parent.aclIndex,
  };
  return { changes: [...lists.changes, create] };
}

function ownerOf({ path, mode, ttlMs }: Of<"create">, { request }: Asked): bigint | Refused {
  const hasTtl = mode === "persistent_with_ttl" || mode === "persistent_sequential_with_ttl";
  if (hasTtl) {
    const isValid = ttlMs !== undefined && Number.isSafeInteger(ttlMs) && ttlMs >= 1 && ttlMs <= znodeTtlMsMax;
    return isValid ? ttlOwner(ttlMs) : { refusal: badPath(path, `a TTL has 1 to ${znodeTtlMsMax} ms`) };
  }
  if (ttlMs !== undefined) return { refusal: badPath(path, `a znode of mode ${mode} has no TTL`) };
  if (isEphemeralMode(mode)) return request.session?.sessionId ?? persistentOwner;
  return mode === "container" ? containerOwner : persistentOwner;
}

/** Paths that are there from the start and stay (`DataTree.isSpecialPath`). */
const specialPaths: ReadonlySet<string> = new Set([rootPath, "/zookeeper", "/zookeeper/quota", "/zookeeper/config"]);

function decideDelete(view: ZnodeView, { path, version }: Of<"delete">, asked: Asked): Decision {
  if (!hasParent(path)) return { refusal: badPath(path, "a path starts with /") };
  if (specialPaths.has(path)) return { refusal: badPath(path, "the tree cannot do without it") };
  const parent = view.node(parentOf(path));
  if (parent === undefined) return { refusal: noNode(parentOf(path)) };
  if (!isAllowed(view, parent, permission.delete, asked)) return { refusal: noAuth(path) };
  const node = view.node(path);
  if (node === undefined) return { refusal: noNode(path) };
  const refusal = checkVersion(node.version, version, path);
  if (refusal !== undefined) return { refusal };
  if (node.numChildren > 0) return { refusal: notEmpty(path) };
  return { changes: [{ kind: "delete", ...memberOf(path, node, parent) }] };
}

function decideSetData(view: ZnodeView, operation: Of<"setData">, asked: Asked): Decision {
  const found = findNode(view, operation, permission.write, asked);
  if ("refusal" in found) return found;
  const { path, data } = operation;
  const { version, aclIndex } = found.node;
  return { changes: [{ kind: "setData", path, data: copyOf(data), version: nextVersion(version), aclIndex }] };
}

function decideCheck(view: ZnodeView, operation: Of<"check">, asked: Asked): Decision {
  const found = findNode(view, operation, permission.read, asked);
  return "refusal" in found ? found : { changes: [{ kind: "check", path: operation.path }] };
}

function decideSetAcl(view: ZnodeView, { path, acl, version }: Of<"setAcl">, asked: Asked): Decision {
  const problem = findPathProblem(path);
  if (problem !== undefined) return { refusal: badPath(path, problem) };
  const lists = listChanges(view, acl, asked);
  if ("refusal" in lists) return lists;
  const node = view.node(path);
  if (node === undefined) return { refusal: noNode(path) };
  if (!isAllowed(view, node, permission.admin, asked)) return { refusal: noAuth(path) };
  const refusal = checkVersion(node.aversion, version, path);
  if (refusal !== undefined) return { refusal };
  const { aclIndex } = lists;
  return { changes: [...lists.changes, { kind: "setAcl", path, aclIndex, version: nextVersion(node.aversion) }] };
}

function decideFence(view: ZnodeView, { path, czxid }: Of<"fence">, asked: Asked): Decision {
  const problem = findPathProblem(path);
  if (problem !== undefined) return { refusal: badPath(path, problem) };
  const node = view.node(path);
  if (node?.czxid !== czxid) {
    return { refusal: { code: "FENCED", message: `the grant ${czxid} of ${path} is no longer held` } };
  }
  if (!isAllowed(view, node, permission.read, asked)) return { refusal: noAuth(path) };
  return { changes: [{ kind: "check", path }] };
}

function decideCreateSession(view: ZnodeView, { sessionId, timeoutMs, password }: Of<"createSession">): Decision {
  if (view.session(sessionId) !== undefined) {
    return { refusal: { code: "NODE_EXISTS", message: `there is a session ${sessionId}` } };
  }
  if (view.sessionCount >= treeSessionsMax) {
    return { refusal: quotaExceeded(`the namespace has ${treeSessionsMax} sessions`) };
  }
  return { changes: [{ kind: "createSession", sessionId, timeoutMs, password: new Uint8Array(password) }] };
}

function decideMoveSession(view: ZnodeView, { sessionId, owner }: Of<"moveSession">): Decision {
  if (BigInt.asIntN(64, owner) !== owner) return { refusal: badArguments(`${owner} does not fit into 64 bits`) };
  if (view.session(sessionId) === undefined) return { refusal: noSession(sessionId) };
  return { changes: [{ kind: "moveSession", sessionId, owner }] };
}

function decideCloseSession(view: ZnodeView, { sessionId }: Of<"closeSession">): Decision {
  if (view.session(sessionId) === undefined) return { refusal: noSession(sessionId) };
  const removed = [...view.ephemerals(sessionId)].toSorted().flatMap((path) => {
    const node = view.node(path);
    const parent = view.node(parentOf(path));
    return node === undefined || parent === undefined ? [] : [memberOf(path, node, parent)];
  });
  return { changes: [{ kind: "closeSession", sessionId, removed }] };
}

/** As `ContainerManager` does it, but decided on the znode as it is now, so that one that was just used stays. */
function decideDeleteContainer(view: ZnodeView, { path }: Of<"deleteContainer">, { time }: Asked): Decision {
  const node = view.node(path);
  const parent = view.node(parentOf(path));
  if (node === undefined || parent === undefined) return { refusal: noNode(path) };
  if (node.numChildren > 0) return { refusal: notEmpty(path) };
  if (!isSpent(node, time)) return { refusal: badPath(path, "its time is not over") };
  return { changes: [{ kind: "delete", ...memberOf(path, node, parent) }] };
}

/** A container that had children, or a TTL znode that nobody has written to for its time; childless. */
export function isSpent(node: Readonly<Znode>, time: number): boolean {
  if (node.numChildren > 0) return false;
  if (node.ephemeralOwner === containerOwner) return node.creations > 0;
  const ttlMs = ttlMsOf(node.ephemeralOwner);
  return ttlMs !== undefined && time - node.mtime > ttlMs;
}

function decideCloseTree(view: ZnodeView): Decision {
  const own = ["/zookeeper/quota", "/zookeeper/config"];
  const isBare =
    view.sessionCount === 0 &&
    view.node(rootPath)?.numChildren === 1 &&
    view.node("/zookeeper")?.numChildren === own.length &&
    own.every((path) => view.node(path)?.numChildren === 0);
  return isBare ? { changes: [{ kind: "closeTree" }] } : { refusal: notEmpty(rootPath) };
}

/** The index of a list in the tree, and the change that adds it where it is new. */
function listChanges(
  view: ZnodeView,
  acl: AclList,
  { request }: Asked,
): { readonly changes: readonly Change[]; readonly aclIndex: number } | Refused {
  if (acl === openAcl) return { changes: [], aclIndex: openAclIndex };
  const list = resolveAcl(acl, request.identities);
  if (list === undefined) return { refusal: { code: "INVALID_ACL", message: "the access control list is not valid" } };
  const known = view.findAcl(list);
  if (known !== undefined) return { changes: [], aclIndex: known };
  if (view.aclCount >= aclListsMax) {
    return { refusal: quotaExceeded(`the namespace has ${aclListsMax} different access control lists`) };
  }
  return { changes: [{ kind: "addAcl", list }], aclIndex: view.aclCount };
}

function findNode(
  view: ZnodeView,
  { path, version }: { readonly path: string; readonly version: number },
  needed: number,
  asked: Asked,
): { readonly node: Readonly<Znode> } | Refused {
  const problem = findPathProblem(path);
  if (problem !== undefined) return { refusal: badPath(path, problem) };
  const node = view.node(path);
  if (node === undefined) return { refusal: noNode(path) };
  if (!isAllowed(view, node, needed, asked)) return { refusal: noAuth(path) };
  const refusal = checkVersion(node.version, version, path);
  return refusal === undefined ? { node } : { refusal };
}

function isAllowed(view: ZnodeView, node: Readonly<Znode>, permissions: number, { request }: Asked): boolean {
  return node.aclIndex === openAclIndex || mayAccess(view.acl(node.aclIndex), permissions, request.identities);
}

function checkVersion(found: number, version: number, path: string): Refusal | undefined {
  if (version === anyVersion || version === found) return undefined;
  return { code: "BAD_VERSION", message: `${path} is at version ${found}, not ${version}` };
}

function memberOf(path: string, node: Readonly<Znode>, parent: Readonly<Znode>): MemberChange {
  return { path, aclIndex: node.aclIndex, parentAclIndex: parent.aclIndex };
}

/** What ZooKeeper looks at before it looks for the parent. */
function hasParent(path: string): boolean {
  return path.includes("/") && !path.includes("\0");
}

/** The caller's bytes may change, or be a view of something larger. */
function copyOf(data: Uint8Array | null): Uint8Array | null {
  return data === null ? null : new Uint8Array(data);
}

function badPath(path: string, problem: string): Refusal {
  return badArguments(`${JSON.stringify(path)} is not allowed here: ${problem}`);
}

export function badArguments(message: string): Refusal {
  return { code: "BAD_ARGUMENTS", message };
}

export function noNode(path: string): Refusal {
  return { code: "NO_NODE", message: `${path} does not exist` };
}

export function noAuth(path: string): Refusal {
  return { code: "NO_AUTH", message: `the access control list of ${path} or its parent does not allow it` };
}

function noSession(sessionId: bigint): Refusal {
  return { code: "SESSION_EXPIRED", message: `there is no session ${sessionId}` };
}

function notEmpty(path: string): Refusal {
  return { code: "NOT_EMPTY", message: `${path} has children` };
}

function quotaExceeded(message: string): Refusal {
  return { code: "QUOTA_EXCEEDED", message: `${message}, which is the most that is allowed` };
}
