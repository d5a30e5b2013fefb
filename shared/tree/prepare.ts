/**
 * Decides what a request does to a tree, by ZooKeeper's rules and in the order of its checks (`PrepRequestProcessor`,
 * ZooKeeper 3.8): pure, on a speculation that keeps what was decided for the requests that follow.
 *
 * Model: `models/sessions/Sessions.tla`.
 */
import type { Zxid } from "../brand.ts";
import {
  idempotencyKeyCharsMax,
  treeOperationsMax,
  treeRequestBytesMax,
  znodeDataBytesMax,
  znodePathCharsMax,
} from "../limits.ts";
import { applyChange } from "./apply.ts";
import { badArguments, decide, isEphemeralMode, type Refusal } from "./decide.ts";
import { Overlay } from "./overlay.ts";
import { openSessionProblem } from "./sessions.ts";
import type { Change, Transaction } from "./transaction.ts";
import type { Operation, OperationResult, TreeRefusal, TreeRequest } from "./tree-request.ts";
import type { ZnodeView } from "./znode-tree.ts";

export type Prepared =
  | { readonly kind: "prepared"; readonly transaction: Transaction; readonly results: readonly OperationResult[] }
  /** Would be refused by any tree. */
  | { readonly kind: "invalid"; readonly refusal: TreeRefusal }
  /** Is refused by the tree as it is. */
  | { readonly kind: "refused"; readonly refusal: TreeRefusal };

/** Bytes of an operation beside its path and data. */
const operationBytes = 16;
/** Bytes of a row of an access control list beside its id. */
const aclRowBytes = 16;
/** UTF-8 takes at most 3 bytes for each UTF-16 code unit. */
const bytesPerChar = 3;

/** An upper bound of what a request adds to an entry. */
export function requestBytes(request: TreeRequest): number {
  const keyBytes = (request.idempotency?.key.length ?? 0) * bytesPerChar;
  return request.operations.reduce((sum, operation) => sum + bytesOf(operation), keyBytes + operationBytes);
}

function bytesOf(operation: Operation): number {
  const pathBytes = "path" in operation ? operation.path.length * bytesPerChar : 0;
  const dataBytes = "data" in operation && operation.data !== null ? operation.data.length : 0;
  const acl = "acl" in operation ? (operation.acl ?? []) : [];
  return (
    pathBytes + dataBytes + acl.reduce((sum, row) => sum + aclRowBytes + row.id.length * bytesPerChar, operationBytes)
  );
}

/** All operations of `request`, at `zxid`; `speculation` takes them in, or stays as it is. */
export function prepare(speculation: Overlay, request: TreeRequest, zxid: Zxid, time: number): Prepared {
  const invalid = findInvalid(request);
  if (invalid !== undefined) return { kind: "invalid", refusal: invalid };
  const unknown = findUnknown(speculation, request);
  if (unknown !== undefined) return { kind: "refused", refusal: unknown };
  const attempt = new Overlay(speculation);
  const changes: Change[] = [];
  const results: OperationResult[] = [];
  for (const [operationIndex, operation] of request.operations.entries()) {
    const decision = decide(attempt, operation, { request, time });
    if ("refusal" in decision) return { kind: "refused", refusal: { ...decision.refusal, operationIndex } };
    for (const change of decision.changes) {
      changes.push(change);
      const result = applyChange(attempt, change, zxid, time);
      if (result !== undefined) results.push(result);
    }
  }
  attempt.mergeInto(speculation);
  const { idempotency } = request;
  return { kind: "prepared", transaction: { changes, ...(idempotency === undefined ? {} : { idempotency }) }, results };
}

/** The namespace or the session that the request counts on is not there. */
function findUnknown(view: ZnodeView, { operations, session }: TreeRequest): TreeRefusal | undefined {
  if (view.closed && !operations.some(({ kind }) => kind === "openTree")) {
    return { code: "UNKNOWN_NAMESPACE", message: "the namespace is gone" };
  }
  return openSessionProblem(view, session);
}

/** What is wrong with a request whatever the tree holds: our own bounds. */
function findInvalid(request: TreeRequest): TreeRefusal | undefined {
  const { operations, idempotency } = request;
  if (operations.length > treeOperationsMax) {
    return badArguments(`${operations.length} operations; at most ${treeOperationsMax} are allowed`);
  }
  if (
    idempotency !== undefined &&
    (idempotency.key.length > idempotencyKeyCharsMax || !idempotency.key.isWellFormed())
  ) {
    return badArguments(`an idempotency key is well-formed text of at most ${idempotencyKeyCharsMax} characters`);
  }
  for (const [operationIndex, operation] of operations.entries()) {
    const refusal = findInvalidOperation(operation, request);
    if (refusal !== undefined) return { ...refusal, operationIndex };
  }
  const bytes = requestBytes(request);
  return bytes <= treeRequestBytesMax
    ? undefined
    : badArguments(`a request of ${bytes} bytes; at most ${treeRequestBytesMax} are allowed`);
}

function findInvalidOperation(operation: Operation, { session }: TreeRequest): Refusal | undefined {
  if ("path" in operation && operation.path.length > znodePathCharsMax) {
    return badArguments(`a path of ${operation.path.length} characters; at most ${znodePathCharsMax} are allowed`);
  }
  if ("data" in operation && operation.data !== null && operation.data.length > znodeDataBytesMax) {
    return badArguments(`${operation.data.length} bytes of data; at most ${znodeDataBytesMax} are allowed`);
  }
  const needsSession = operation.kind === "create" && isEphemeralMode(operation.mode);
  return needsSession && session === undefined ? badArguments("an ephemeral znode needs a session") : undefined;
}
