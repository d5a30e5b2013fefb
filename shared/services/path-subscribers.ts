/** Who hears of which change of a tree: found by the change's path, however many have subscribed. */
import { type Identity, isReadByAll, mayAccess, permission } from "../tree/acl.ts";
import { parentOf } from "../tree/paths.ts";
import type { ZxidEvents } from "../tree/recent-changes.ts";
import type { TreeEvent } from "../tree/tree-events.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import type { HintTarget, Subscriber } from "./push-items.ts";

export interface PathSubscriber extends Subscriber {
  readonly target: Extract<HintTarget, { kind: "path" }>;
}

export function isPathSubscriber(subscriber: Subscriber): subscriber is PathSubscriber {
  return subscriber.target.kind === "path";
}

export class PathSubscribers {
  readonly #exact = new Map<string, PathSubscriber[]>();
  readonly #recursive = new Map<string, PathSubscriber[]>();

  constructor(subscribers: readonly PathSubscriber[]) {
    for (const subscriber of subscribers) {
      const { path, recursive } = subscriber.target;
      const index = recursive ? this.#recursive : this.#exact;
      const known = index.get(path);
      if (known === undefined) index.set(path, [subscriber]);
      else known.push(subscriber);
    }
  }

  /** For each who hears of any of the changes and may READ it, the last zxid of those. */
  concerned(changes: Iterable<ZxidEvents>, tree: ZnodeTree): ReadonlyMap<PathSubscriber, number> {
    const zxids = new Map<PathSubscriber, number>();
    for (const { zxid, events } of changes) {
      for (const event of events) {
        for (const subscriber of this.#hearing(event)) {
          if (mayRead(tree, event, subscriber.identities)) zxids.set(subscriber, zxid);
        }
      }
    }
    return zxids;
  }

  /** As `concerns` in `shared/tree/tree-events.ts` has it for one. */
  *#hearing({ type, path }: TreeEvent): Generator<PathSubscriber, void> {
    yield* this.#exact.get(path) ?? [];
    if (type === "NodeChildrenChanged" || this.#recursive.size === 0) return;
    for (let at = path; ; at = parentOf(at)) {
      yield* this.#recursive.get(at) ?? [];
      if (at === "/") return;
    }
  }
}

function mayRead(tree: ZnodeTree, { aclIndex }: TreeEvent, identities: readonly Identity[]): boolean {
  const list = tree.acl(aclIndex);
  return isReadByAll(list) || mayAccess(list, permission.read, identities);
}
