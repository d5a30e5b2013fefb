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
  #image: TreeImage | undefined;

  private constructor(acls: readonly AclList[]) {
    this.acls = acls;
  }

  /** A tree as ZooKeeper's is before its first write (`DataTree`): its own znodes are there and were never created. */
  static initial(): ZnodeTree {
    const root = initialNode();
    const tree = ZnodeTree.bare(initialAcls, root);
    const zookeeper = initialNode();
    tree.restore(rootPath, root, "zookeeper", zookeeper);
    tree.restore("/zookeeper", zookeeper, "quota", initialNode());
    tree.restore("/zookeeper", zookeeper, "config", { ...initialNode(), aclIndex: readAclIndex, aversion: -1 });
    return tree;
  }

  /** A tree of nothing but its root, to be filled by `restore`. */
  static bare(acls: readonly AclList[], root: Znode): ZnodeTree {
    const tree = new ZnodeTree(acls);
    tree.#nodes.set(rootPath, root);
    return tree;
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  node(path: string): Readonly<Znode> | undefined {
    return this.#nodes.get(path);
  }

  /** Names of the children, in no order; do not keep. */
  childNames(path: string): ReadonlySet<string> {
    return this.#nodes.get(path)?.children ?? noNames;
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
    this.#nodes.set(path, node);
    const parent = this.#nodes.get(parentOf(path));
    if (parent !== undefined) addChild(parent, nameOf(path));
  }

  remove(path: string): void {
    this.#image?.keep(path, this.#nodes.get(path));
    this.#nodes.delete(path);
    const parent = this.#nodes.get(parentOf(path));
    parent?.children?.delete(nameOf(path));
    if (parent?.children?.size === 0) parent.children = undefined;
  }

  /**
   * Puts a znode as it is below a parent of this tree, and counts it there; answers its path. Undefined, and nothing is
   * done, if the parent has a child of that name.
   */
  restore(parentPath: string, parent: Znode, name: string, node: Znode): string | undefined {
    addChild(parent, name);
    if (parent.children?.size === parent.numChildren) return undefined;
    parent.numChildren += 1;
    const path = parentPath === rootPath ? `/${name}` : `${parentPath}/${name}`;
    this.#nodes.set(path, node);
    return path;
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

function addChild(parent: Znode, name: string): void {
  if (parent.children === undefined) parent.children = new Set([name]);
  else parent.children.add(name);
}

function byCodeUnits(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function initialNode(): Znode {
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
    numChildren: 0,
    ephemeralOwner: 0n,
    children: undefined,
  };
}
