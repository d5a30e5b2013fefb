/** A speculation on a tree: changes that are seen by whoever looks through it, and that the tree knows nothing of. */
import { aclKey, type AclList } from "./acl.ts";
import { isEphemeral } from "./owner.ts";
import type { Znode } from "./stat.ts";
import type { TreeSession } from "./tree-session.ts";
import type { ZnodeTarget, ZnodeView } from "./znode-tree.ts";

/** Costs memory for what is changed, whatever the size of the tree. */
export class Overlay implements ZnodeTarget {
  readonly #below: ZnodeView;
  /** Null for what was removed. */
  readonly #changed = new Map<string, Znode | null>();
  readonly #sessions = new Map<bigint, TreeSession | null>();
  readonly #acls: AclList[] = [];
  /** By `aclKey`; counted from the first list of this one. */
  readonly #aclIndexes = new Map<string, number>();
  /** Ephemerals of a session, more or fewer than below. */
  readonly #ephemeralsMore = new Map<bigint, number>();
  closed: boolean;

  constructor(below: ZnodeView) {
    this.#below = below;
    this.closed = below.closed;
  }

  node(path: string): Readonly<Znode> | undefined {
    const changed = this.#changed.get(path);
    if (changed === undefined) return this.#below.node(path);
    return changed ?? undefined;
  }

  edit(path: string): Znode | undefined {
    const changed = this.#changed.get(path);
    if (changed !== undefined) return changed ?? undefined;
    const node = this.#below.node(path);
    if (node === undefined) return undefined;
    const copy = { ...node, children: undefined };
    this.#changed.set(path, copy);
    return copy;
  }

  setData(node: Znode, data: Uint8Array | null): void {
    node.data = data;
  }

  insert(path: string, node: Znode): void {
    this.#count(this.node(path), -1);
    this.#changed.set(path, node);
    this.#count(node, 1);
  }

  remove(path: string): void {
    this.#count(this.node(path), -1);
    this.#changed.set(path, null);
  }

  get aclCount(): number {
    return this.#below.aclCount + this.#acls.length;
  }

  acl(index: number): AclList {
    return this.#acls[index - this.#below.aclCount] ?? this.#below.acl(index);
  }

  findAcl(list: AclList): number | undefined {
    const below = this.#below.findAcl(list);
    if (below !== undefined || this.#acls.length === 0) return below;
    const index = this.#aclIndexes.get(aclKey(list));
    return index === undefined ? undefined : this.#below.aclCount + index;
  }

  addAcl(list: AclList): void {
    this.#aclIndexes.set(aclKey(list), this.#acls.push(list) - 1);
  }

  get sessionCount(): number {
    let count = this.#below.sessionCount;
    for (const [sessionId, session] of this.#sessions) {
      const wasThere = this.#below.session(sessionId) !== undefined;
      count += (session === null ? 0 : 1) - (wasThere ? 1 : 0);
    }
    return count;
  }

  session(sessionId: bigint): TreeSession | undefined {
    const changed = this.#sessions.get(sessionId);
    return changed === undefined ? this.#below.session(sessionId) : (changed ?? undefined);
  }

  putSession(sessionId: bigint, session: TreeSession): void {
    this.#sessions.set(sessionId, session);
  }

  removeSession(sessionId: bigint): void {
    this.#sessions.set(sessionId, null);
  }

  ephemerals(sessionId: bigint): ReadonlySet<string> {
    const below = this.#below.ephemerals(sessionId);
    if (this.#changed.size === 0) return below;
    const paths = new Set(below);
    for (const [path, node] of this.#changed) {
      if (node?.ephemeralOwner === sessionId) paths.add(path);
      else paths.delete(path);
    }
    return paths;
  }

  ephemeralCount(sessionId: bigint): number {
    return this.#below.ephemeralCount(sessionId) + (this.#ephemeralsMore.get(sessionId) ?? 0);
  }

  /** Hands all changes down to the speculation that this one stands on. */
  mergeInto(below: Overlay): void {
    for (const [path, node] of this.#changed) below.#changed.set(path, node);
    for (const [sessionId, session] of this.#sessions) below.#sessions.set(sessionId, session);
    for (const list of this.#acls) below.addAcl(list);
    for (const [sessionId, more] of this.#ephemeralsMore) below.#countMore(sessionId, more);
    below.closed = this.closed;
  }

  #count(node: Readonly<Znode> | undefined, more: number): void {
    if (node !== undefined && isEphemeral(node.ephemeralOwner)) this.#countMore(node.ephemeralOwner, more);
  }

  #countMore(sessionId: bigint, more: number): void {
    this.#ephemeralsMore.set(sessionId, (this.#ephemeralsMore.get(sessionId) ?? 0) + more);
  }
}
