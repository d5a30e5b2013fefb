/** Watches that are added, removed, looked for, and set again by a client that comes back. */
import type { NamespaceFollower } from "../../shared/services/namespace-follower.ts";
import { openAclIndex } from "../../shared/tree/acl.ts";
import { findPathProblem } from "../../shared/tree/paths.ts";
import { type TreeEvent, type TreeEventType, type WatchScope } from "../../shared/tree/tree-events.ts";
import type { ZnodeTree } from "../../shared/tree/znode-tree.ts";
import type { Request, RequestOf } from "./protocol/operations.ts";
import type { HappenedEvent, ToldAgain } from "./told-again.ts";
import { modeOfScope, onceFor, watchMode, type Watcher, WatchTable } from "./watch-table.ts";
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

interface MissedEvent extends HappenedEvent {
  /** Of the watch that would have told of it. */
  readonly mode: number;
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

/**
 * Sets again the watches that hold once, but for those of what changed since the client was told last (`DataTree.setWatches`).
 *
 * @returns what it is to be told in the place of these
 * @throws RefusedRequest where there are too many watches
 */
export function setWatches(
  watches: WatchTable,
  watcher: Watcher,
  tree: ZnodeTree,
  { relativeZxid, dataWatches, existWatches, childWatches }: RequestOf<"setWatches">,
): readonly MissedEvent[] {
  const missed: MissedEvent[] = [];
  const set = (path: string, mode: number, type: TreeEventType | undefined): void => {
    if (type === undefined) addWatch(watches, watcher, path, mode);
    // As ZooKeeper does it, whether or not the znode may be read: the watch is gone, and its client is to know.
    else missed.push({ event: { type, path, aclIndex: openAclIndex }, zxid: tree.lastZxid, mode });
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
  return missed;
}

export interface WatchesAgain {
  readonly watches: WatchTable;
  readonly follower: NamespaceFollower;
  readonly watcher: Watcher;
  readonly request: RequestOf<"setWatches2">;
  /** By the requests before. */
  readonly told: ToldAgain;
  /** Whether the client may hear of it. */
  readonly mayTell: (event: TreeEvent) => boolean;
  /** The client is gone. */
  readonly isOver: () => boolean;
}

/**
 * Sets all watches, and reads what happened that persistent ones are about, which ZooKeeper does not do. What happens meanwhile
 * is told to `watcher`, who is to keep it until then.
 *
 * @returns what it is to be told before that, in order
 * @throws RefusedRequest where there are too many watches; ServiceError as `NamespaceFollower.latest`
 */
export async function setWatchesAgain(again: WatchesAgain): Promise<readonly HappenedEvent[]> {
  const { watches, follower, watcher, request, told, mayTell, isOver } = again;
  const { relativeZxid: since } = request;
  const tree = follower.view ?? (await follower.latest());
  if (isOver()) return [];
  const scopes = scopesOf(request);
  for (const scope of scopes) addWatch(watches, watcher, scope.path, modeOfScope(scope));
  const missed = setWatches(watches, watcher, tree, request);
  told.begin(since);
  // What persistent watches have told is in the place of what was missed. Asked for at once: of what happens from now on they tell.
  let reading: ReturnType<NamespaceFollower["changesSince"]> | undefined;
  const changesSince = (): NonNullable<typeof reading> => (reading ??= follower.changesSince(since));
  if (told.hasTold && missed.length > 0 && since > 0 && since < tree.lastZxid) void changesSince();
  const replayed = (await replayOf({ changesSince }, tree, scopes, since)).filter(({ event }) => mayTell(event));
  const changes = reading === undefined ? [] : await reading;
  const untold = told.untold(replayed, changes === undefined);
  // A client's library tells all of its watches on a path of an event: those that hold once have heard then.
  const heard = new Map<string, number>();
  for (const { event } of [...told.covered(changes ?? []), ...replayed]) {
    if (mayTell(event)) heard.set(event.path, (heard.get(event.path) ?? 0) | onceFor(event.type));
  }
  const unheard = missed.filter(({ event, mode }) => ((heard.get(event.path) ?? 0) & mode) === 0);
  if (changes !== undefined) told.add(scopes);
  told.replace(changes === undefined ? [...untold, ...unheard] : unheard);
  return [...untold, ...unheard];
}

function scopesOf({ persistentWatches, persistentRecursiveWatches }: RequestOf<"setWatches2">): readonly WatchScope[] {
  return [
    ...persistentWatches.map((path) => ({ path, recursive: false })),
    ...persistentRecursiveWatches.map((path) => ({ path, recursive: true })),
  ];
}

/** What happened between `since` and the call; where the log no longer has it, or it is too much, that each path changed. */
export async function replayOf(
  follower: Pick<NamespaceFollower, "changesSince">,
  tree: ZnodeTree,
  scopes: readonly WatchScope[],
  since: number,
): Promise<readonly HappenedEvent[]> {
  const zxid = tree.lastZxid;
  if (scopes.length === 0 || since <= 0 || since >= zxid) return [];
  // Of the tree as it is now: it goes on changing, of which the watches tell.
  const changed = scopes.flatMap((scope) => changesOf(scope, tree));
  const changes = await follower.changesSince(since);
  if (changes === undefined) return changed.map((event) => ({ event, zxid }));
  const told: HappenedEvent[] = [];
  const watches = new WatchTable();
  const collector: Watcher = { notify: (event, at) => told.push({ event, zxid: at }) };
  for (const scope of scopes) watches.add(collector, scope.path, modeOfScope(scope));
  for (const { zxid: at, events } of changes) for (const event of events) watches.tell(event, at);
  return told;
}

/** Makes who watches look at everything that the watch is about. */
function changesOf({ path, recursive }: WatchScope, tree: ZnodeTree): readonly TreeEvent[] {
  const node = tree.node(path);
  if (node === undefined) return [{ type: "NodeDeleted", path, aclIndex: openAclIndex }];
  const { aclIndex } = node;
  const changed: TreeEvent = { type: "NodeDataChanged", path, aclIndex };
  return recursive ? [changed] : [changed, { type: "NodeChildrenChanged", path, aclIndex }];
}

function addWatch(watches: WatchTable, watcher: Watcher, path: string, mode: number): void {
  if (!watches.add(watcher, path, mode)) throw new RefusedRequest("QUOTA_EXCEEDED");
}
