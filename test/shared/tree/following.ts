/** What a listener of a followed tree hears, held against what the tree shows. */
import { TreeFollower } from "../../../shared/tree/tree-follower.ts";
import type { ZxidEvents } from "../../../shared/tree/recent-changes.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import type { Tree } from "../../../shared/tree/tree.ts";
import type { ZnodeTree } from "../../../shared/tree/znode-tree.ts";

export interface Heard {
  readonly follower: TreeFollower;
  readonly changes: ZxidEvents[];
  readonly gaps: number[];
  /** Throws if a path that the view has was not heard of, or the other way round. Only of what was created since it began. */
  checkView(): void;
}

/** @param below the parent of all znodes that are created and deleted */
export async function listen(storage: Storage, tree: Tree, below = "/"): Promise<Heard> {
  const changes: ZxidEvents[] = [];
  const gaps: number[] = [];
  const paths = new Set<string>();
  const restart = (state: ZnodeTree): void => {
    paths.clear();
    for (const name of state.childNames(below)) paths.add(below === "/" ? `/${name}` : `${below}/${name}`);
  };
  const follower = await TreeFollower.begin(storage, tree, {
    changed: (heard, state) => {
      if (heard.some(({ zxid }) => zxid > state.lastZxid)) throw new Error("told of what the tree does not have");
      changes.push(...heard);
      for (const { type, path } of heard.flatMap(({ events }) => events)) {
        if (type === "NodeCreated") paths.add(path);
        if (type === "NodeDeleted") paths.delete(path);
      }
    },
    gap: (state) => {
      gaps.push(state.lastZxid);
      restart(state);
    },
  });
  const begun = follower.view;
  if (begun === undefined) throw new Error("nothing is followed");
  restart(begun);
  const checkView = (): void => {
    const { view } = follower;
    if (view === undefined) return;
    const shown = [...view.childNames(below)].map((name) => (below === "/" ? `/${name}` : `${below}/${name}`));
    if (shown.toSorted().join() !== [...paths].toSorted().join()) {
      throw new Error(`the view at ${view.lastZxid} shows ${shown.join()}, heard of ${[...paths].join()}`);
    }
  };
  return { follower, changes, gaps, checkView };
}

export function zxidsOf(changes: readonly ZxidEvents[]): readonly number[] {
  return changes.map(({ zxid }) => zxid);
}
