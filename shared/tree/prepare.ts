/**
 * Decides what a request does to a tree, by ZooKeeper's rules and in the order of its checks (`PrepRequestProcessor`,
 * ZooKeeper 3.8): pure, on a speculation that keeps what was decided for the requests that follow.
 */
import type { Zxid } from "../brand.ts";
import {
  idempotencyKeyCharsMax,
  multiOperationsMax,
  treeRequestBytesMax,
  znodeDataBytesMax,
  znodePathCharsMax,
} from "../limits.ts";
import { applyChange } from "./apply.ts";
import { Overlay } from "./overlay.ts";
import { findPathProblem, parentOf, rootPath, sequentialSuffix } from "./paths.ts";
import { nextVersion, type Znode } from "./stat.ts";
import type { Change, Transaction } from "./transaction.ts";
import {
  anyVersion,
  type Operation,
  type OperationResult,
  type TreeRefusal,
  type TreeRequest,
} from "./tree-request.ts";
import type { ZnodeView } from "./znode-tree.ts";

export type Prepared =
  | { readonly kind: "prepared"; readonly transaction: Transaction; readonly results: readonly OperationResult[] }
  /** Would be refused by any tree. */
  | { readonly kind: "invalid"; readonly refusal: TreeRefusal }
  /** Is refused by the tree as it is. */
  | { readonly kind: "refused"; readonly refusal: TreeRefusal };

type Refusal = Omit<TreeRefusal, "operationIndex">;
type Decision = { readonly change: Change } | { readonly refusal: Refusal };

/** Bytes of an operation beside its path and data. */
const operationBytes = 16;
/** UTF-8 takes at most 3 bytes for each UTF-16 code unit. */
const bytesPerChar = 3;

/** An upper bound of what a request adds to an entry. */
export function requestBytes(request: TreeRequest): number {
  const keyBytes = (request.idempotency?.key.length ?? 0) * bytesPerChar;
  return request.operations.reduce((sum, operation) => sum + bytesOf(operation), keyBytes + operationBytes);
}

function bytesOf(operation: Operation): number {
  const dataBytes = "data" in operation && operation.data !== null ? operation.data.length : 0;
  return dataBytes + operation.path.length * bytesPerChar + operationBytes;
}

/** All operations of `request`, at `zxid`; `speculation` takes them in, or stays as it is. */
export function prepare(speculation: Overlay, request: TreeRequest, zxid: Zxid, time: number): Prepared {
  const invalid = findInvalid(request);
  if (invalid !== undefined) return { kind: "invalid", refusal: invalid };
  const attempt = new Overlay(speculation);
  const changes: Change[] = [];
  const results: OperationResult[] = [];
  for (const [operationIndex, operation] of request.operations.entries()) {
    const decision = decide(attempt, operation);
    if ("refusal" in decision) return { kind: "refused", refusal: { ...decision.refusal, operationIndex } };
    const { change } = decision;
    changes.push(change);
    const result = applyChange(attempt, change, zxid, time);
    if (result !== undefined) results.push(result);
  }
  attempt.mergeInto(speculation);
  const { idempotency } = request;
  return { kind: "prepared", transaction: { changes, ...(idempotency === undefined ? {} : { idempotency }) }, results };
}

/** What is wrong with a request whatever the tree holds: our own bounds, and kinds of znodes that are not there yet. */
function findInvalid(request: TreeRequest): TreeRefusal | undefined {
  const { operations, idempotency } = request;
  if (operations.length > multiOperationsMax) {
    return badArguments(`${operations.length} operations; at most ${multiOperationsMax} are allowed`);
  }
  if (
    idempotency !== undefined &&
    (idempotency.key.length > idempotencyKeyCharsMax || !idempotency.key.isWellFormed())
  ) {
    return badArguments(`an idempotency key is well-formed text of at most ${idempotencyKeyCharsMax} characters`);
  }
  for (const [operationIndex, operation] of operations.entries()) {
    const refusal = findInvalidOperation(operation);
    if (refusal !== undefined) return { ...refusal, operationIndex };
  }
  const bytes = requestBytes(request);
  return bytes <= treeRequestBytesMax
    ? undefined
    : badArguments(`a request of ${bytes} bytes; at most ${treeRequestBytesMax} are allowed`);
}

function findInvalidOperation(operation: Operation): Refusal | undefined {
  const { path } = operation;
  if (path.length > znodePathCharsMax) {
    return badArguments(`a path of ${path.length} characters; at most ${znodePathCharsMax} are allowed`);
  }
  if ("data" in operation && operation.data !== null && operation.data.length > znodeDataBytesMax) {
    return badArguments(`${operation.data.length} bytes of data; at most ${znodeDataBytesMax} are allowed`);
  }
  if (operation.kind !== "create") return undefined;
  const { mode } = operation;
  if (mode === "persistent" || mode === "persistent_sequential") return undefined;
  return { code: "UNIMPLEMENTED", message: `znodes of mode ${mode} cannot be created yet` };
}

function decide(view: ZnodeView, operation: Operation): Decision {
  switch (operation.kind) {
    case "create":
      return decideCreate(view, operation);
    case "delete":
      return decideDelete(view, operation);
    case "setData":
      return decideSetData(view, operation);
    case "check":
      return decideCheck(view, operation);
  }
}

function decideCreate(view: ZnodeView, operation: Extract<Operation, { kind: "create" }>): Decision {
  const { data, mode } = operation;
  if (!hasParent(operation.path)) return { refusal: badPath(operation.path, "a path starts with /") };
  const parent = view.node(parentOf(operation.path));
  if (parent === undefined) return { refusal: noNode(parentOf(operation.path)) };
  const suffix = mode === "persistent_sequential" ? sequentialSuffix(parent.creations) : "";
  const path = operation.path + suffix;
  const problem = findPathProblem(path);
  if (problem !== undefined) return { refusal: badPath(path, problem) };
  if (view.node(path) !== undefined) return { refusal: { code: "NODE_EXISTS", message: `${path} exists` } };
  return { change: { kind: "create", path, data: copyOf(data) } };
}

/** Paths that are there from the start and stay (`DataTree.isSpecialPath`). */
const specialPaths: ReadonlySet<string> = new Set([rootPath, "/zookeeper", "/zookeeper/quota", "/zookeeper/config"]);

function decideDelete(view: ZnodeView, operation: Extract<Operation, { kind: "delete" }>): Decision {
  const { path, version } = operation;
  if (!hasParent(path)) return { refusal: badPath(path, "a path starts with /") };
  if (specialPaths.has(path)) return { refusal: badPath(path, "the tree cannot do without it") };
  if (view.node(parentOf(path)) === undefined) return { refusal: noNode(parentOf(path)) };
  const node = view.node(path);
  if (node === undefined) return { refusal: noNode(path) };
  const refusal = checkVersion(node, version, path);
  if (refusal !== undefined) return { refusal };
  if (node.numChildren > 0) return { refusal: { code: "NOT_EMPTY", message: `${path} has children` } };
  return { change: { kind: "delete", path } };
}

function decideSetData(view: ZnodeView, operation: Extract<Operation, { kind: "setData" }>): Decision {
  const found = findNode(view, operation);
  if ("refusal" in found) return found;
  const { path, data } = operation;
  return { change: { kind: "setData", path, data: copyOf(data), version: nextVersion(found.node.version) } };
}

function decideCheck(view: ZnodeView, operation: Extract<Operation, { kind: "check" }>): Decision {
  const found = findNode(view, operation);
  return "refusal" in found ? found : { change: { kind: "check", path: operation.path } };
}

function findNode(
  view: ZnodeView,
  { path, version }: { readonly path: string; readonly version: number },
): { readonly node: Readonly<Znode> } | { readonly refusal: Refusal } {
  const problem = findPathProblem(path);
  if (problem !== undefined) return { refusal: badPath(path, problem) };
  const node = view.node(path);
  if (node === undefined) return { refusal: noNode(path) };
  const refusal = checkVersion(node, version, path);
  return refusal === undefined ? { node } : { refusal };
}

function checkVersion(node: Readonly<Znode>, version: number, path: string): Refusal | undefined {
  if (version === anyVersion || version === node.version) return undefined;
  return { code: "BAD_VERSION", message: `${path} is at version ${node.version}, not ${version}` };
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

function badArguments(message: string): Refusal {
  return { code: "BAD_ARGUMENTS", message };
}

function noNode(path: string): Refusal {
  return { code: "NO_NODE", message: `${path} does not exist` };
}
