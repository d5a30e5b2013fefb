/** A tree at one zxid, read while the tree goes on: what is about to change is set aside first. */
import type { Zxid } from "../brand.ts";
import type { AclList } from "./acl.ts";
import type { RememberedRequest } from "./remembered-requests.ts";
import type { Znode } from "./stat.ts";
import type { TreeSession } from "./tree-session.ts";

/** What a tree holds beside its znodes; copies. */
export interface TreeExtras {
  readonly acls: readonly AclList[];
  readonly sessions: readonly (readonly [bigint, TreeSession])[];
  /** Oldest first. */
  readonly requests: readonly (readonly [string, RememberedRequest])[];
  readonly closed: boolean;
}

export class TreeImage {
  readonly zxid: Zxid;
  readonly extras: TreeExtras;
  /** Of the image; in the order in which they came to the tree, so parents stand before their children. */
  readonly #paths: readonly string[];
  /** Theirs, in the same order; as they are now. */
  readonly #nodes: readonly Readonly<Znode>[];
  /** Znodes as they were, for those that have changed since; null for those that were not there. */
  readonly #kept = new Map<string, Readonly<Znode> | null>();
  readonly #onClose: () => void;
  #closed = false;

  constructor(nodes: ReadonlyMap<string, Readonly<Znode>>, extras: TreeExtras, zxid: Zxid, onClose: () => void) {
    this.#paths = [...nodes.keys()];
    this.#nodes = [...nodes.values()];
    this.extras = extras;
    this.zxid = zxid;
    this.#onClose = onClose;
  }

  get nodeCount(): number {
    return this.#paths.length;
  }

  /** Told by the tree before it changes a znode. */
  keep(path: string, node: Readonly<Znode> | undefined): void {
    if (!this.#kept.has(path)) this.#kept.set(path, node === undefined ? null : { ...node, children: undefined });
  }

  /**
   * Every znode with its path; may be left and gone on with later.
   *
   * @throws Error if the image was closed meanwhile
   */
  *nodes(): Generator<readonly [string, Readonly<Znode>]> {
    for (const [index, path] of this.#paths.entries()) {
      if (this.#closed) throw new Error(`the image of the tree at ${this.zxid} is closed`);
      const kept = this.#kept.get(path);
      const node = kept === undefined ? this.#nodes[index] : kept;
      if (node === null || node === undefined) throw new Error(`${path} was lost from the image at ${this.zxid}`);
      yield [path, node];
    }
  }

  /** Lets the tree forget it. */
  close(): void {
    this.#closed = true;
    this.#onClose();
  }
}
