/** Watches that are added, removed, looked for, and set again by a client that comes back. */
import type { NamespaceFollower } from "../../shared/services/namespace-follower.ts";
import { openAclIndex } from "../../shared/tree/acl.ts";
import { findPathProblem } from "../../shared/tree/paths.ts";
import { type TreeEvent, type TreeEventType, type WatchScope } from "../../shared/tree/tree-events.ts";
import type { ZnodeTree } from "../../shared/tree/znode-tree.ts";
import type { Request, RequestOf } from "./protocol/operations.ts";
import { watchMode, type Watcher, WatchTable } from "./watch-table.ts";
import { RefusedRequest } from "./writes.ts";

/** `AddWatchMode`. */
const addedModes = [watchMode.persistent, watchMode.recursive] as const;

const everyMode = watchMode.data | watchMode.child | watchMode.persistent | watchMode.recursive;
/** `Watcher.WatcherType`, by its number. */
const modesOfType: readonly (number | undefined)[] = [
  undefined,
  watchMode.child,
  watchMode.data,
  everyMode,
  watchMode.persistent,
  watchMode.recursive,
];

export interface HappenedEvent {
  readonly event: TreeEvent;
  readonly zxid: number;
}

/** @throws RefusedRequest */
export function answerWatchRequest(
  watches: WatchTable,
  watcher: Watcher,
  request: Extract<Request, { kind: "addWatch" | "checkWatches" | "removeWatches" }>,
): void {
  const { path } = request.body;
  if (request.kind === "addWatch") {
    const mode = addedModes[request.body.mode];
    if (mode === undefined || findPathProblem(path) !== undefined) throw new RefusedRequest("BAD_ARGUMENTS");
    addWatch(watches, watcher, path, mode);
    return;
  }
  const modes = modesOfType[request.body.type];
  if (modes === undefined) throw new RefusedRequest("BAD_ARGUMENTS");
  const isFound =
    request.kind === "checkWatches" ? watches.has(watcher, path, modes) : watches.remove(watcher, path, modes);
  if (!isFound) throw new RefusedRequest("NO_WATCHER");
}

/** Tells at once of what changed since the client was told last, and sets the others again (`DataTree.setWatches`). */
export function setWatches(
  watches: WatchTable,
  watcher: Watcher,
  tree: ZnodeTree,
  { relativeZxid, dataWatches, existWatches, childWatches }: RequestOf<"setWatches">,
): void {
  const set = (path: string, mode: number, missed: TreeEventType | undefined): void => {
    if (missed === undefined) addWatch(watches, watcher, path, mode);
    // As ZooKeeper does it, whether or not the znode may be read: the watch is gone, and its client is to know.
    else watcher.notify({ type: missed, path, aclIndex: openAclIndex }, tree.lastZxid);
  };
  for (const path of dataWatches) {
    const node = tree.node(path);
    if (node === undefined) set(path, watchMode.data, "NodeDeleted");
    else set(path, watchMode.data, node.mzxid > relativeZxid ? "NodeDataChanged" : undefined);
  }
  for (const path of existWatches) {
    set(path, watchMode.data, tree.node(path) === undefined ? undefined : "NodeCreated");
  }
  for (const path of childWatches) {
    const node = tree.node(path);
    if (node === undefined) set(path, watchMode.child, "NodeDeleted");
    else set(path, watchMode.child, node.pzxid > relativeZxid ? "NodeChildrenChanged" : undefined);
  }
}

/**
 * Persistent watches that are set again: the client is told of everything that happened since, which ZooKeeper does not do.
 * Until that is known, what happens meanwhile is kept here.
 */
export class PersistentReplay implements Watcher {
  readonly #watches: WatchTable;
  readonly #request: RequestOf<"setWatches2">;
  readonly #since: number;
  readonly #scopes: readonly WatchScope[];
  readonly #later: HappenedEvent[] = [];

  constructor(watches: WatchTable, request: RequestOf<"setWatches2">) {
    this.#watches = watches;
    this.#request = request;
    this.#since = request.relativeZxid;
    this.#scopes = [
      ...request.persistentWatches.map((path) => ({ path, recursive: false })),
      ...request.persistentRecursiveWatches.map((path) => ({ path, recursive: true })),
    ];
  }

  notify(event: TreeEvent, zxid: number): void {
    this.#later.push({ event, zxid });
  }

  /**
   * Sets all watches, those that hold once for `watcher` itself, and reads what happened before.
   *
   * @throws RefusedRequest where there are too many watches; ServiceError as `NamespaceFollower.latest`
   */
  async catchUp(
    follower: NamespaceFollower,
    watcher: Watcher,
    isOver: () => boolean,
  ): Promise<readonly HappenedEvent[]> {
    try {
      const tree = follower.view ?? (await follower.latest());
      if (isOver()) return [];
      this.begin();
      setWatches(this.#watches, watcher, tree, this.#request);
      return await this.read(follower, tree);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /** From now on events are kept. @throws RefusedRequest where there are too many watches */
  begin(): void {
    for (const { path, recursive } of this.#scopes) addWatch(this.#watches, this, path, modeOf(recursive));
  }

  /** What happened before `begin`; where the log no longer has it, or it is too much, that each path changed. */
  async read(follower: Pick<NamespaceFollower, "changesSince">, tree: ZnodeTree): Promise<readonly HappenedEvent[]> {
    if (this.#since <= 0 || this.#since >= tree.lastZxid) return [];
    const { lastZxid } = tree;
    const changes = await follower.changesSince(this.#since);
    if (changes === undefined) {
      return this.#scopes.flatMap((scope) => changesOf(scope, tree)).map((event) => ({ event, zxid: lastZxid }));
    }
    const told: HappenedEvent[] = [];
    const watches = new WatchTable();
    const collector: Watcher = { notify: (event, zxid) => told.push({ event, zxid }) };
    for (const { path, recursive } of this.#scopes) watches.add(collector, path, modeOf(recursive));
    for (const { zxid, events } of changes) for (const event of events) watches.tell(event, zxid);
    return told;
  }

  /** Hands the watches over to `watcher`, and what was kept to the caller. */
  handOver(watcher: Watcher): readonly HappenedEvent[] {
    this.end();
    for (const { path, recursive } of this.#scopes) addWatch(this.#watches, watcher, path, modeOf(recursive));
    return this.#later;
  }

  end(): void {
    this.#watches.forget(this);
  }
}

/** Makes who watches look at everything that the watch is about. */
function changesOf({ path, recursive }: WatchScope, tree: ZnodeTree): readonly TreeEvent[] {
  const node = tree.node(path);
  if (node === undefined) return [{ type: "NodeDeleted", path, aclIndex: openAclIndex }];
  const { aclIndex } = node;
  const changed: TreeEvent = { type: "NodeDataChanged", path, aclIndex };
  return recursive ? [changed] : [changed, { type: "NodeChildrenChanged", path, aclIndex }];
}

function modeOf(recursive: boolean): number {
  return recursive ? watchMode.recursive : watchMode.persistent;
}

function addWatch(watches: WatchTable, watcher: Watcher, path: string, mode: number): void {
  if (!watches.add(watcher, path, mode)) throw new RefusedRequest("QUOTA_EXCEEDED");
}
