/** Znodes: each write one transaction of the namespace's tree, each read one query of its log or none. */
import { ServiceError } from "../api/errors.ts";
import { multiOperationsMax, multiReadBytesMax } from "../limits.ts";
import { crc32c } from "../record/crc32c.ts";
import type { AclList } from "../tree/acl.ts";
import type { Refusal } from "../tree/decide.ts";
import {
  countDescendants,
  readAcl,
  readAllChildren,
  readChildren,
  readData,
  type Reader,
  readStat,
} from "../tree/read-znodes.ts";
import { openSessionProblem } from "../tree/sessions.ts";
import type { Operation, OperationResult, TreeRequest, TreeResult } from "../tree/tree-request.ts";
import type { TreeWriteResult } from "../tree/tree.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import { zxid } from "../brand.ts";
import type {
  CallContext,
  ChildrenPage,
  MultiResult,
  ReadOperation,
  ReadOptions,
  ReadResult,
  ZnodeService,
} from "./coordination.ts";
import type { Namespaces } from "./namespace-service.ts";
import { withStorageErrors } from "./storage-errors.ts";
import { checkLimit } from "./topic-checks.ts";
import { doneOrThrow, idempotencyOf, multiDoneOrThrow, refusalError } from "./tree-answers.ts";
import type { TreeRegistry } from "./tree-registry.ts";

export function znodeService(trees: TreeRegistry, namespaces: Namespaces): ZnodeService {
  return new TreeZnodes(trees, namespaces);
}

type Keyed = { readonly idempotencyKey?: string };

class TreeZnodes implements ZnodeService {
  readonly #trees: TreeRegistry;
  readonly #namespaces: Namespaces;

  constructor(trees: TreeRegistry, namespaces: Namespaces) {
    this.#trees = trees;
    this.#namespaces = namespaces;
  }

  async create(
    context: CallContext,
    request: Parameters<ZnodeService["create"]>[1],
  ): ReturnType<ZnodeService["create"]> {
    const { zxid: at, results } = await this.#writeOne(context, { kind: "create", ...request }, request);
    const { path, stat } = expectKind(results[0], "create");
    return { path, stat, zxid: at };
  }

  async setData(
    context: CallContext,
    request: Parameters<ZnodeService["setData"]>[1],
  ): ReturnType<ZnodeService["setData"]> {
    const { path, data, version } = request;
    const { zxid: at, results } = await this.#writeOne(context, { kind: "setData", path, data, version }, request);
    return { stat: expectKind(results[0], "setData").stat, zxid: at };
  }

  async delete(
    context: CallContext,
    request: Parameters<ZnodeService["delete"]>[1],
  ): ReturnType<ZnodeService["delete"]> {
    const { path, version } = request;
    const { zxid: at } = await this.#writeOne(context, { kind: "delete", path, version }, request);
    return { zxid: at };
  }

  async setAcl(
    context: CallContext,
    request: Parameters<ZnodeService["setAcl"]>[1],
  ): ReturnType<ZnodeService["setAcl"]> {
    const { path, acl, version } = request;
    const { zxid: at, results } = await this.#writeOne(context, { kind: "setAcl", path, acl, version }, request);
    return { stat: expectKind(results[0], "setAcl").stat, zxid: at };
  }

  async multi(context: CallContext, request: Parameters<ZnodeService["multi"]>[1]): ReturnType<ZnodeService["multi"]> {
    const { operations } = request;
    const answer = await this.#write(context, operations, request);
    const { zxid: at, results } = multiDoneOrThrow(answer, operations.length);
    return { results: results.map(multiResultOf), zxid: at };
  }

  getData(context: CallContext, path: string, options?: ReadOptions): ReturnType<ZnodeService["getData"]> {
    return this.#read(context, options, (tree, reader) => readData(tree, path, reader));
  }

  exists(context: CallContext, path: string, options?: ReadOptions): ReturnType<ZnodeService["exists"]> {
    return this.#read(context, options, (tree, reader) => readStat(tree, path, reader));
  }

  getAcl(context: CallContext, path: string, options?: ReadOptions): ReturnType<ZnodeService["getAcl"]> {
    return this.#read(context, options, (tree, reader) => readAcl(tree, path, reader));
  }

  async getChildren(
    context: CallContext,
    path: string,
    { limit, nextToken }: { readonly limit: number; readonly nextToken?: string },
    options?: ReadOptions,
  ): Promise<ChildrenPage> {
    checkLimit(limit);
    const page = { after: nextToken ?? "", limit };
    const read = await this.#read(context, options, (tree, reader) => readChildren(tree, path, reader, page));
    const { children, stat, more, zxid: at } = read;
    const last = children.at(-1);
    return { children, stat, zxid: at, ...(more && last !== undefined ? { nextToken: last } : {}) };
  }

  countDescendants(
    context: CallContext,
    path: string,
    options?: ReadOptions,
  ): ReturnType<ZnodeService["countDescendants"]> {
    return this.#read(context, options, (tree, reader) => countDescendants(tree, path, reader));
  }

  async multiRead(
    context: CallContext,
    operations: readonly ReadOperation[],
    options?: ReadOptions,
  ): ReturnType<ZnodeService["multiRead"]> {
    if (operations.length > multiOperationsMax) {
      throw new ServiceError(
        "BAD_ARGUMENTS",
        `${operations.length} operations; at most ${multiOperationsMax} are allowed`,
      );
    }
    return await this.#read(context, options, (tree, reader) => {
      let bytes = 0;
      const results = operations.map((operation) => {
        const result = readOne(tree, operation, reader);
        bytes += sizeOf(result);
        if (bytes > multiReadBytesMax) throw tooMuch();
        return result;
      });
      return { results };
    });
  }

  async #writeOne(context: CallContext, operation: Operation, keyed: Keyed): Promise<TreeResult> {
    return doneOrThrow(await this.#write(context, [operation], keyed));
  }

  async #write(
    context: CallContext,
    operations: readonly Operation[],
    { idempotencyKey }: Keyed,
  ): Promise<TreeWriteResult> {
    const { namespace, identities, session } = context;
    await this.#namespaces.require(namespace);
    const idempotency = idempotencyOf(idempotencyKey, [
      operations.map(fingerprintOf),
      String(session?.sessionId ?? ""),
    ]);
    const request: TreeRequest = {
      operations,
      identities,
      ...(session === undefined ? {} : { session }),
      ...(idempotency === undefined ? {} : { idempotency }),
    };
    return await this.#namespaces.inOpenTree(namespace, () => this.#trees.tree(namespace).write(request));
  }

  /** `read` sees one state of the tree, before anything else happens. */
  async #read<Answer extends object>(
    { namespace, identities, session }: CallContext,
    { minZxid }: ReadOptions = {},
    read: (tree: ZnodeTree, reader: Reader) => Answer | { readonly refusal: Refusal },
  ): Promise<Exclude<Answer, { readonly refusal: Refusal }> & { readonly zxid: number }> {
    return await withStorageErrors(async () => {
      await this.#namespaces.require(namespace);
      const followed = this.#trees.tree(namespace);
      const tree = minZxid === undefined ? await followed.read() : await followed.readAtLeast(zxid(minZxid));
      const problem = openSessionProblem(tree, session);
      if (problem !== undefined) throw refusalError(problem);
      const answer = read(tree, identities);
      // Where to watch from for what is not there.
      if ("refusal" in answer) throw refusalError(answer.refusal, { zxid: tree.lastZxid });
      return { ...(answer as Exclude<Answer, { readonly refusal: Refusal }>), zxid: tree.lastZxid };
    });
  }
}

function multiResultOf(result: OperationResult): MultiResult {
  switch (result.kind) {
    case "create":
    case "setData":
    case "delete":
    case "check":
      return result;
    default:
      throw new Error(`a multi was answered with ${result.kind}`);
  }
}

function readOne(tree: ZnodeTree, operation: ReadOperation, reader: Reader): ReadResult {
  const read =
    operation.kind === "getData"
      ? readData(tree, operation.path, reader)
      : readAllChildren(tree, operation.path, reader);
  if ("refusal" in read) {
    const { code, message } = refusalError(read.refusal);
    return { kind: "error", error: code, message };
  }
  return "data" in read ? { kind: "getData", ...read } : { kind: "getChildren", ...read };
}

function sizeOf(result: ReadResult): number {
  if (result.kind === "getData") return result.data?.length ?? 0;
  return result.kind === "getChildren" ? result.children.reduce((sum, name) => sum + name.length, 0) : 0;
}

function tooMuch(): ServiceError {
  return new ServiceError("BAD_ARGUMENTS", `The answer would have more than ${multiReadBytesMax} bytes: ask for less`, {
    details: { bytesMax: multiReadBytesMax },
  });
}

/** What makes two requests the same; data stands there by its checksum. */
function fingerprintOf(operation: Operation): unknown {
  if (!("data" in operation)) return operation.kind === "setAcl" ? [operation, rowsOf(operation.acl)] : operation;
  const { data, ...others } = operation;
  return [others, data === null ? null : [data.length, crc32c(data)]];
}

function rowsOf(acl: AclList): readonly unknown[] {
  return acl.map(({ permissions, scheme, id }) => [permissions, scheme, id]);
}

function expectKind<Kind extends OperationResult["kind"]>(
  result: OperationResult | undefined,
  kind: Kind,
): Extract<OperationResult, { kind: Kind }> {
  if (result?.kind !== kind) throw new Error(`a ${kind} was answered with ${result?.kind}`);
  return result as Extract<OperationResult, { kind: Kind }>;
}
