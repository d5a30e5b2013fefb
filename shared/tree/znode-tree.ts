/** The state of a tree: every znode by its path. Changed only by `applyTransaction`, in the order of the log. */
import { type Zxid, zxid } from "../brand.ts";
import { type AclList, initialAcls, openAclIndex, readAclIndex } from "./acl.ts";
import { nameOf, parentOf, rootPath } from "./paths.ts";
import { RememberedRequests } from "./remembered-requests.ts";
import type { Znode } from "./stat.ts";
import { TreeImage } from "./tree-image.ts";

/** Znodes by path, to look at. */
export interface ZnodeView {
  node(path: string): Readonly<Znode> | undefined;
}

/** Znodes by path, to change: the tree itself, or a speculation on it. */
export interface ZnodeTarget extends ZnodeView {
  /** The znode to be changed in place. */
  edit(path: string): Znode | undefined;
  /** Adds a znode that is not there; the parent's counters are the caller's. */
  insert(path: string, node: Znode): void;
  /** Takes away a znode that is there and has no children. */
  remove(path: string): void;
}

/** Names that follow each other, and whether more come after them. */
export interface ChildPage {
  readonly names: readonly string[];
  readonly more: boolean;
}

const noNames: ReadonlySet<string> = new Set();

export class ZnodeTree implements ZnodeTarget {
  /** Lists that znodes name by their index. */
  readonly acls: readonly AclList[];
  /** Requests whose repeats are recognised. */
  readonly requests = new RememberedRequests();
  /** Of the last transaction that was applied; 0 for a tree that nobody has written to. */
  lastZxid: Zxid = zxid(0);
  readonly #nodes = new Map<string, Znode>();
  readonly #children = new Map<string, Set<string>>();
  #image: TreeImage | undefined;

  private constructor(acls: readonly AclList[]) {
    this.acls = acls;
  }

  /** A tree as ZooKeeper's is before its first write (`DataTree`): its own znodes are there and were never created. */
  static initial(): ZnodeTree {
    const tree = new ZnodeTree(initialAcls);
    tree.restore(rootPath, initialNode(1));
    tree.restore("/zookeeper", initialNode(2));
    tree.restore("/zookeeper/quota", initialNode(0));
    tree.restore("/zookeeper/config", { ...initialNode(0), aclIndex: readAclIndex, aversion: -1 });
    return tree;
  }

  /** A tree without znodes, to be filled by `restore`. */
  static bare(acls: readonly AclList[]): ZnodeTree {
    return new ZnodeTree(acls);
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  node(path: string): Readonly<Znode> | undefined {
    return this.#nodes.get(path);
  }

  /** Names of the children, in no order; do not keep. */
  childNames(path: string): ReadonlySet<string> {
    return this.#children.get(path) ?? noNames;
  }

  /** Children in the order of their names (by UTF-16 code units), after `after`; at most `limit`. */
  childPage(path: string, after: string, limit: number): ChildPage {
    let names: string[] = [];
    // Once the page is full, only what is below its end can still belong to it: one pass, however many children.
    let below: string | undefined;
    for (const name of this.childNames(path)) {
      if (name <= after || (below !== undefined && name >= below)) continue;
      names.push(name);
      if (names.length < (limit + 1) * 2) continue;
      names = names.toSorted(byCodeUnits).slice(0, limit + 1);
      below = names.at(-1);
    }
    names.sort(byCodeUnits);
    return { names: names.slice(0, limit), more: names.length > limit };
  }

  edit(path: string): Znode | undefined {
    const node = this.#nodes.get(path);
    this.#image?.keep(path, node);
    return node;
  }

  insert(path: string, node: Znode): void {
    this.#image?.keep(path, undefined);
    this.restore(path, node);
  }

  remove(path: string): void {
    this.#image?.keep(path, this.#nodes.get(path));
    this.#nodes.delete(path);
    const parent = parentOf(path);
    const siblings = this.#children.get(parent);
    siblings?.delete(nameOf(path));
    if (siblings?.size === 0) this.#children.delete(parent);
  }

  /** Puts a znode in its place as it is; parents come before their children. */
  restore(path: string, node: Znode): void {
    this.#nodes.set(path, node);
    if (path === rootPath) return;
    const parent = parentOf(path);
    const siblings = this.#children.get(parent);
    if (siblings === undefined) this.#children.set(parent, new Set([nameOf(path)]));
    else siblings.add(nameOf(path));
  }

  /**
   * The tree as it is now, to be read piece by piece while it goes on changing. One at a time: an earlier one that was
   * not closed is no longer kept up.
   */
  beginImage(): TreeImage {
    const image = new TreeImage(this.#nodes, this.acls, this.requests, this.lastZxid, () => {
      if (this.#image === image) this.#image = undefined;
    });
    this.#image?.close();
    this.#image = image;
    return image;
  }
}

function byCodeUnits(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function initialNode(numChildren: number): Znode {
  return {
    data: new Uint8Array(0),
    aclIndex: openAclIndex,
    czxid: zxid(0),
    mzxid: zxid(0),
    pzxid: zxid(0),
    ctime: 0,
    mtime: 0,
    version: 0,
    aversion: 0,
    creations: 0,
    numChildren,
    ephemeralOwner: 0n,
  };
}
