/** A speculation on a tree: changes that are seen by whoever looks through it, and that the tree knows nothing of. */
import { aclKey, type AclList } from "./acl.ts";
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

  insert(path: string, node: Znode): void {
    this.#changed.set(path, node);
  }

  remove(path: string): void {
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
    const key = aclKey(list);
    const index = this.#acls.findIndex((other) => aclKey(other) === key);
    return index < 0 ? undefined : this.#below.aclCount + index;
  }

  addAcl(list: AclList): void {
    this.#acls.push(list);
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
    let count = this.#below.ephemeralCount(sessionId);
    for (const [path, node] of this.#changed) {
      const wasOwned = this.#below.node(path)?.ephemeralOwner === sessionId;
      count += (node?.ephemeralOwner === sessionId ? 1 : 0) - (wasOwned ? 1 : 0);
    }
    return count;
  }

  /** Hands all changes down to the speculation that this one stands on. */
  mergeInto(below: Overlay): void {
    for (const [path, node] of this.#changed) below.#changed.set(path, node);
    for (const [sessionId, session] of this.#sessions) below.#sessions.set(sessionId, session);
    below.#acls.push(...this.#acls);
    below.closed = this.closed;
  }
}
