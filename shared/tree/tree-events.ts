/** What a transaction tells those who watch the tree: ZooKeeper's events, in the order in which its server fires them. */
import { parentOf } from "./paths.ts";
import type { Change, Transaction } from "./transaction.ts";

/** `Watcher.Event.EventType`. */
export type TreeEventType = "NodeCreated" | "NodeDeleted" | "NodeDataChanged" | "NodeChildrenChanged";

export interface TreeEvent {
  readonly type: TreeEventType;
  readonly path: string;
  /** The list that held for the znode at that time: who may not READ it does not hear of it. */
  readonly aclIndex: number;
}

/** All events of a transaction. */
export function eventsOf({ changes }: Transaction): readonly TreeEvent[] {
  return changes.flatMap(eventsOfChange);
}

function eventsOfChange(change: Change): readonly TreeEvent[] {
  switch (change.kind) {
    case "create":
      return ofMember("NodeCreated", change);
    case "setData":
      return [{ type: "NodeDataChanged", path: change.path, aclIndex: change.aclIndex }];
    case "delete":
      return ofMember("NodeDeleted", change);
    case "closeSession":
      return change.removed.flatMap((removed) => ofMember("NodeDeleted", removed));
    case "genesis":
    case "check":
    case "addAcl":
    case "setAcl":
    case "createSession":
    case "moveSession":
    case "openTree":
    case "closeTree":
      return [];
  }
}

function ofMember(
  type: TreeEventType,
  {
    path,
    aclIndex,
    parentAclIndex,
  }: { readonly path: string; readonly aclIndex: number; readonly parentAclIndex: number },
): readonly TreeEvent[] {
  return [
    { type, path, aclIndex },
    { type: "NodeChildrenChanged", path: parentOf(path), aclIndex: parentAclIndex },
  ];
}

/** The events of a stretch of the log that a watcher of `path` hears. */
export interface WatchScope {
  readonly path: string;
  /** True: all znodes below it as well, and no NodeChildrenChanged (`AddWatchMode.PERSISTENT_RECURSIVE`). */
  readonly recursive: boolean;
}

export function concerns({ path, recursive }: WatchScope, event: Pick<TreeEvent, "type" | "path">): boolean {
  if (!recursive) return event.path === path;
  if (event.type === "NodeChildrenChanged") return false;
  return event.path === path || path === "/" || event.path.startsWith(`${path}/`);
}
