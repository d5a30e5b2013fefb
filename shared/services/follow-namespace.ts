/** Following a namespace's tree, as a service. */
import type { Storage } from "../storage/storage.ts";
import type { ZxidEvents } from "../tree/recent-changes.ts";
import { TreeFollower } from "../tree/tree-follower.ts";
import type { TreeRequest } from "../tree/tree-request.ts";
import type { TreeWriteResult } from "../tree/tree.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import type { Follow, NamespaceFollower } from "./namespace-follower.ts";
import type { Namespaces } from "./namespace-service.ts";
import { withStorageErrors } from "./storage-errors.ts";
import type { TreeRegistry } from "./tree-registry.ts";

export function followWith(storage: Storage, trees: TreeRegistry, namespaces: Namespaces): Follow {
  return async (namespace, changed, gap = ignore) => {
    await namespaces.require(namespace);
    const { tree, release } = trees.hold(namespace);
    try {
      const follower = await withStorageErrors(() => TreeFollower.begin(storage, tree, { changed, gap }));
      return new HeldFollower(follower, release);
    } catch (cause) {
      release();
      throw cause;
    }
  };
}

class HeldFollower implements NamespaceFollower {
  readonly #follower: TreeFollower;
  readonly #release: () => void;
  #closed = false;

  constructor(follower: TreeFollower, release: () => void) {
    this.#follower = follower;
    this.#release = release;
  }

  get view(): ZnodeTree | undefined {
    return this.#follower.view;
  }

  latest(): Promise<ZnodeTree> {
    return withStorageErrors(() => this.#follower.latest());
  }

  atLeast(zxid: number): Promise<ZnodeTree> {
    return withStorageErrors(() => this.#follower.atLeast(zxid));
  }

  write(request: TreeRequest): Promise<TreeWriteResult> {
    return this.#follower.write(request);
  }

  changesSince(since: number): Promise<readonly ZxidEvents[] | undefined> {
    return withStorageErrors(() => this.#follower.changesSince(since));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#follower.close();
    this.#release();
  }
}

function ignore(): void {}
