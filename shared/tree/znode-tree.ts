/** The state of a tree: every znode by its path. Changed only by `applyTransaction`, in the order of the log. */
import { type Zxid, zxid } from "../brand.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import { aclKey, type AclList, initialAcls, openAclIndex, readAclIndex } from "./acl.ts";
import { containerOwner, isEphemeral, persistentOwner } from "./owner.ts";
import { nameOf, parentOf, rootPath } from "./paths.ts";
import { RememberedRequests } from "./remembered-requests.ts";
import { indexAfter, SortedNames } from "./sorted-names.ts";
import type { Znode } from "./stat.ts";
import { TreeImage } from "./tree-image.ts";
import type { TreeSession } from "./tree-session.ts";

/** A tree to look at. */
export interface ZnodeView {
  /** True while its namespace is gone. */
  readonly closed: boolean;
  readonly sessionCount: number;
  /** Lists so far; their indexes are below it. */
  readonly aclCount: number;
  node(path: string): Readonly<Znode> | undefined;
  /** @throws StorageCorruptError if there is no such list: log and state have parted */
  acl(index: number): AclList;
  findAcl(list: AclList): number | undefined;
  session(sessionId: bigint): TreeSession | undefined;
  /** Paths of the znodes that a session owns, in no order; do not keep. */
  ephemerals(sessionId: bigint): ReadonlySet<string>;
  ephemeralCount(sessionId: bigint): number;
}

/** A tree to change: the tree itself, or a speculation on it. */
export interface ZnodeTarget extends ZnodeView {
  closed: boolean;
  /** The znode to be changed in place; not its owner, nor its data. */
  edit(path: string): Znode | undefined;
  /** Gives a znode that `edit` answered other data. */
  setData(node: Znode, data: Uint8Array | null): void;
  /** Adds a znode that is not there; the parent's counters are the caller's. */
  insert(path: string, node: Znode): void;
  /** Takes away a znode that is there and has no children. */
  remove(path: string): void;
  /** Adds a list that is not there. */
  addAcl(list: AclList): void;
  putSession(sessionId: bigint, session: TreeSession): void;
  removeSession(sessionId: bigint): void;
}

/** Names that follow each other, and whether more come after them. */
export interface ChildPage {
  readonly names: readonly string[];
  readonly more: boolean;
}

const noNames: ReadonlySet<string> = new Set();

export class ZnodeTree implements ZnodeTarget {
  /** Requests whose repeats are recognised. */
  readonly requests = new RememberedRequests();
  /** Of the last transaction that was applied; 0 for a tree that nobody has written to. */
  lastZxid: Zxid = zxid(0);
  closed = false;
  readonly #nodes = new Map<string, Znode>();
  readonly #acls: AclList[] = [];
  readonly #aclIndexes = new Map<string, number>();
  readonly #sessions = new Map<bigint, TreeSession>();
  readonly #ephemerals = new Map<bigint, Set<string>>();
  readonly #containers = new Set<string>();
  readonly #ttls = new Set<string>();
  readonly #sorted = new SortedNames();
  #dataSize = 0;
  #image: TreeImage | undefined;

  private constructor(acls: readonly AclList[]) {
    for (const list of acls) this.addAcl(list);
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
    tree.#dataSize = sizeOf(rootPath, root);
    return tree;
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  /** Ephemeral znodes of all sessions. */
  get ephemeralTotal(): number {
    let total = 0;
    for (const paths of this.#ephemerals.values()) total += paths.size;
    return total;
  }

  /** Characters of paths and bytes of data, as ZooKeeper's approximateDataSize. */
  get dataSize(): number {
    return this.#dataSize;
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
    const node = this.#nodes.get(path);
    const names = node === undefined ? [] : this.#sorted.of(node);
    const from = indexAfter(names, after);
    return { names: names.slice(from, from + limit), more: names.length > from + limit };
  }

  /** Znodes below `path`, at any depth: as long as there are, so long it takes. */
  descendantCount(path: string): number {
    if (path === rootPath) return this.#nodes.size - 1;
    let count = 0;
    for (const name of this.childNames(path)) count += 1 + this.descendantCount(`${path}/${name}`);
    return count;
  }

  acl(index: number): AclList {
    const list = this.#acls[index];
    if (list === undefined) throw new StorageCorruptError(`there is no access control list ${index}`);
    return list;
  }

  get aclCount(): number {
    return this.#acls.length;
  }

  findAcl(list: AclList): number | undefined {
    return this.#aclIndexes.get(aclKey(list));
  }

  addAcl(list: AclList): void {
    this.#aclIndexes.set(aclKey(list), this.#acls.push(list) - 1);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Open sessions. */
  get sessions(): ReadonlyMap<bigint, TreeSession> {
    return this.#sessions;
  }

  session(sessionId: bigint): TreeSession | undefined {
    return this.#sessions.get(sessionId);
  }

  putSession(sessionId: bigint, session: TreeSession): void {
    this.#sessions.set(sessionId, session);
  }

  removeSession(sessionId: bigint): void {
    this.#sessions.delete(sessionId);
  }

  ephemerals(sessionId: bigint): ReadonlySet<string> {
    return this.#ephemerals.get(sessionId) ?? noNames;
  }

  ephemeralCount(sessionId: bigint): number {
    return this.ephemerals(sessionId).size;
  }

  /** Paths of the containers, and of the znodes with a TTL. */
  get containers(): ReadonlySet<string> {
    return this.#containers;
  }

  get ttlNodes(): ReadonlySet<string> {
    return this.#ttls;
  }

  edit(path: string): Znode | undefined {
    const node = this.#nodes.get(path);
    this.#image?.keep(path, node);
    return node;
  }

  setData(node: Znode, data: Uint8Array | null): void {
    this.#dataSize += bytesOf(data) - bytesOf(node.data);
    node.data = data;
  }

  insert(path: string, node: Znode): void {
    this.#image?.keep(path, undefined);
    this.#nodes.set(path, node);
    this.#dataSize += sizeOf(path, node);
    this.#addOwned(path, node.ephemeralOwner);
    const parent = this.#nodes.get(parentOf(path));
    if (parent !== undefined) addChild(parent, nameOf(path));
  }

  remove(path: string): void {
    const node = this.#nodes.get(path);
    this.#image?.keep(path, node);
    this.#nodes.delete(path);
    if (node !== undefined) {
      this.#dataSize -= sizeOf(path, node);
      this.#removeOwned(path, node.ephemeralOwner);
    }
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
    this.#dataSize += sizeOf(path, node);
    this.#addOwned(path, node.ephemeralOwner);
    return path;
  }

  /**
   * The tree as it is now, to be read piece by piece while it goes on changing. One at a time: an earlier one that was
   * not closed is no longer kept up.
   */
  beginImage(): TreeImage {
    const { closed, requests, lastZxid } = this;
    const others = { acls: [...this.#acls], sessions: [...this.#sessions], requests: [...requests.entries()], closed };
    const image = new TreeImage(this.#nodes, others, lastZxid, () => {
      if (this.#image === image) this.#image = undefined;
    });
    this.#image?.close();
    this.#image = image;
    return image;
  }

  #addOwned(path: string, owner: bigint): void {
    if (owner === persistentOwner) return;
    if (isEphemeral(owner)) {
      const paths = this.#ephemerals.get(owner);
      if (paths === undefined) this.#ephemerals.set(owner, new Set([path]));
      else paths.add(path);
    } else if (owner === containerOwner) this.#containers.add(path);
    else this.#ttls.add(path);
  }

  #removeOwned(path: string, owner: bigint): void {
    if (owner === persistentOwner) return;
    const paths = this.#ephemerals.get(owner);
    paths?.delete(path);
    if (paths?.size === 0) this.#ephemerals.delete(owner);
    this.#containers.delete(path);
    this.#ttls.delete(path);
  }
}

function sizeOf(path: string, { data }: Readonly<Znode>): number {
  return path.length + bytesOf(data);
}

function bytesOf(data: Uint8Array | null): number {
  return data === null ? 0 : data.length;
}

function addChild(parent: Znode, name: string): void {
  if (parent.children === undefined) parent.children = new Set([name]);
  else parent.children.add(name);
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
