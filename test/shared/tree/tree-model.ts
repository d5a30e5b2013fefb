/** ZooKeeper's tree told in another way: nodes that hold their children, and counters that are counted one by one. */
import type { Operation } from "../../../shared/tree/tree-request.ts";

export interface ModelNode {
  data: Uint8Array | null;
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctime: number;
  mtime: number;
  version: number;
  /** Counts creations and deletions of children, as users see it. */
  cversion: number;
  created: number;
  children: Map<string, ModelNode>;
}

export type ModelError = "BAD_ARGUMENTS" | "NO_NODE" | "BAD_VERSION" | "NODE_EXISTS" | "NOT_EMPTY";
export type ModelAnswer =
  | { readonly paths: readonly (string | undefined)[] }
  | { readonly error: ModelError; readonly at: number };

function modelNode(zxid: number, time: number, data: Uint8Array | null): ModelNode {
  return {
    data,
    czxid: zxid,
    mzxid: zxid,
    pzxid: zxid,
    ctime: time,
    mtime: time,
    version: 0,
    cversion: 0,
    created: 0,
    children: new Map(),
  };
}

class Refused extends Error {
  readonly code: ModelError;
  constructor(code: ModelError) {
    super(code);
    this.code = code;
  }
}

export class TreeModel {
  root = modelNode(0, 0, new Uint8Array(0));

  constructor() {
    const zookeeper = modelNode(0, 0, new Uint8Array(0));
    zookeeper.children.set("quota", modelNode(0, 0, new Uint8Array(0)));
    zookeeper.children.set("config", modelNode(0, 0, new Uint8Array(0)));
    zookeeper.cversion = -2;
    this.root.children.set("zookeeper", zookeeper);
    this.root.cversion = -1;
  }

  /** All operations or none. */
  run(operations: readonly Operation[], zxid: number, time: number): ModelAnswer {
    const before = structuredClone(this.root);
    const paths: (string | undefined)[] = [];
    for (const [at, operation] of operations.entries()) {
      try {
        paths.push(this.#one(operation, zxid, time));
      } catch (cause) {
        if (!(cause instanceof Refused)) throw cause;
        this.root = before;
        return { error: cause.code, at };
      }
    }
    return { paths };
  }

  find(path: string): ModelNode | undefined {
    if (path === "/") return this.root;
    let node: ModelNode | undefined = this.root;
    for (const name of path.slice(1).split("/")) node = node?.children.get(name);
    return node;
  }

  *paths(node = this.root, path = ""): Generator<[string, ModelNode]> {
    yield [path === "" ? "/" : path, node];
    for (const [name, child] of node.children) yield* this.paths(child, `${path}/${name}`);
  }

  #one(operation: Operation, zxid: number, time: number): string | undefined {
    switch (operation.kind) {
      case "create": {
        const [parent, name] = this.#split(operation.path);
        const full = operation.mode === "persistent" ? name : name + String(parent.created).padStart(10, "0");
        if (operation.path === "/" && full === "") throw new Refused("NODE_EXISTS");
        if (full === "" || operation.path === "//" || full === "." || full === "..") throw new Refused("BAD_ARGUMENTS");
        if (parent.children.has(full)) throw new Refused("NODE_EXISTS");
        parent.children.set(full, modelNode(zxid, time, operation.data));
        parent.created += 1;
        parent.cversion += 1;
        parent.pzxid = zxid;
        return operation.path.slice(0, operation.path.length - name.length) + full;
      }
      case "delete": {
        if (/^\/(zookeeper(\/(quota|config))?)?$/.test(operation.path)) throw new Refused("BAD_ARGUMENTS");
        const [parent, name] = this.#split(operation.path);
        const node = parent.children.get(name);
        if (node === undefined) throw new Refused("NO_NODE");
        this.#check(node, operation.version);
        if (node.children.size > 0) throw new Refused("NOT_EMPTY");
        parent.children.delete(name);
        parent.cversion += 1;
        parent.pzxid = zxid;
        return undefined;
      }
      case "setData": {
        const node = this.#existing(operation);
        node.data = operation.data;
        node.version += 1;
        node.mzxid = zxid;
        node.mtime = time;
        return undefined;
      }
      case "check":
        this.#existing(operation);
        return undefined;
      default:
        throw new Error(`the model knows no ${operation.kind}`);
    }
  }

  #existing({ path, version }: { readonly path: string; readonly version: number }): ModelNode {
    const isPath = path === "/" || /^(\/(?!\.{1,2}(\/|$))[^/]+)+$/.test(path);
    if (!isPath) throw new Refused("BAD_ARGUMENTS");
    const node = this.find(path);
    if (node === undefined) throw new Refused("NO_NODE");
    this.#check(node, version);
    return node;
  }

  #check(node: ModelNode, version: number): void {
    if (version !== -1 && version !== node.version) throw new Refused("BAD_VERSION");
  }

  #split(path: string): [ModelNode, string] {
    const at = path.lastIndexOf("/");
    if (at < 0) throw new Refused("BAD_ARGUMENTS");
    const parent = this.find(at === 0 ? "/" : path.slice(0, at));
    if (parent === undefined) throw new Refused("NO_NODE");
    return [parent, path.slice(at + 1)];
  }
}
