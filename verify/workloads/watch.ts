/** Watchers of a tree that others change, and that read what they watch: nobody sees the data before the event. */
import type { WatchHistory, WatchLog, WatchSight } from "../history.ts";
import type { TreeEvent, TreeSession } from "../target.ts";
import { ensure, failed, openSession, takeSteps, withSession } from "./sessions.ts";
import { HistoryClock, oneIn, pick, Processes, Worker } from "./worker.ts";
import type { WorkloadContext, WorkloadHistory } from "./workload.ts";

const znodes = 8;
const watchers = 3;
const readsPerCrash = 300;

type Change = WatchHistory["changes"][number];

interface Shared {
  readonly root: string;
  readonly paths: readonly string[];
  readonly changes: Change[];
  readonly logs: WatchLog[];
  /** The last change, when all who make changes are done; undefined if it could not be made. */
  readonly end: PromiseWithResolvers<{ readonly path: string; readonly zxid: number } | undefined>;
}

/** @throws TargetError if the tree cannot be created */
export async function watchWorkload(context: WorkloadContext): Promise<readonly WorkloadHistory[]> {
  const clock = new HistoryClock(() => context.clock.monotonicMs());
  const processes = new Processes();
  const worker = (): Worker => new Worker(context, clock, processes);
  const root = `/${context.runId}`;
  const paths = Array.from({ length: znodes }, (_, index) => `${root}/${index}`);
  const shared: Shared = { root, paths, changes: [], logs: [], end: Promise.withResolvers() };
  const first = worker();
  await withSession(first, (session) => ensure(session, root));
  const watching = Promise.all(Array.from({ length: watchers }, (_, index) => watch(worker(), shared, `w${index}`)));
  const changing = Array.from({ length: context.clients }, () => {
    const changer = worker();
    return takeSteps(changer, (session) => change(changer, session, shared));
  });
  try {
    await Promise.all(changing);
    await first.finally(async () => shared.end.resolve(await makeLastChange(first, shared)));
  } finally {
    shared.end.resolve(undefined);
  }
  await watching;
  return [{ kind: "watch", history: { changes: allChanges(shared), logs: shared.logs } }];
}

async function change(worker: Worker, session: TreeSession, { paths, changes }: Shared): Promise<boolean> {
  const { random } = worker.context;
  const path = pick(random, paths);
  const type = oneIn(random, 4) ? "NodeDeleted" : oneIn(random, 2) ? "NodeCreated" : "NodeDataChanged";
  const changed = await worker.call(async () => {
    if (type === "NodeDeleted") return await session.delete(path);
    if (type === "NodeCreated") return (await session.create(path, "", "persistent")).zxid;
    return (await session.set(path, "changed")).mzxid;
  });
  if (changed.outcome === "ok") changes.push({ zxid: changed.value, path, type });
  if (changed.outcome === "ok" || changed.code === "NO_NODE" || changed.code === "NODE_EXISTS") return true;
  return await failed(worker, changed);
}

async function makeLastChange(worker: Worker, { root }: Shared): Promise<{ path: string; zxid: number }> {
  let attempts = 0;
  return await withSession(worker, async (session) => {
    attempts += 1;
    const path = `${root}/end-${attempts}`;
    const { zxid } = await session.create(path, "", "persistent");
    return { path, zxid };
  });
}

async function watch(worker: Worker, shared: Shared, watcher: string): Promise<void> {
  for (let lives = 1; lives === 1 || !worker.isOver; lives += 1) {
    const session = await openSession(worker);
    if (session === undefined) continue;
    await watchUnder(worker, session, shared, `${watcher}.${lives}`);
    session.crash();
    worker.renumber();
  }
}

async function watchUnder(worker: Worker, session: TreeSession, shared: Shared, watcher: string): Promise<void> {
  const { timing, random } = worker.context;
  const { root: path } = shared;
  const sights: WatchSight[] = [];
  const state = { hasFailed: false, isOver: false };
  const onEvent = (event: TreeEvent): void => {
    if (!state.isOver) sights.push({ kind: "event", ...event });
  };
  const opened = await worker.call(() => session.watch(path, onEvent, () => (state.hasFailed = true)));
  if (opened.outcome !== "ok") return worker.rest();
  const { sinceZxid } = opened.value;
  let isUseful = true;
  const isWatching = (): boolean => isUseful && !state.hasFailed && session.isOpen;
  while (isWatching() && !worker.isOver && !oneIn(random, readsPerCrash)) {
    const seen = await look(worker, session, pick(random, shared.paths));
    isUseful = seen.isUseful;
    // Whoever was told that the watch has ended waits for no event any more.
    if (seen.sight !== undefined && !state.hasFailed) sights.push(seen.sight);
    await worker.pause(timing.treePauseMs);
  }
  let untilZxid: number | undefined;
  if (isWatching() && worker.isOver) {
    const end = await shared.end.promise;
    // What a read answers was told before: then all events up to the last change have come.
    if (end !== undefined) untilZxid = await reach(worker, session, end);
  }
  state.isOver = true;
  opened.value.close();
  const zxids = sights.map((sight) => (sight.kind === "event" ? (sight.zxid ?? 0) : sight.mzxid));
  untilZxid ??= zxids.reduce((greatest, zxid) => Math.max(greatest, zxid), sinceZxid);
  shared.logs.push({ watcher, path, isRecursive: true, sinceZxid, untilZxid, sights });
}

async function look(
  worker: Worker,
  session: TreeSession,
  path: string,
): Promise<{ readonly isUseful: boolean; readonly sight?: WatchSight }> {
  const got = await worker.call(() => session.get(path));
  if (got.outcome === "ok") return { isUseful: true, sight: { kind: "data", path, mzxid: got.value.stat.mzxid } };
  return { isUseful: got.code === "NO_NODE" || (await failed(worker, got)) };
}

/** Undefined if the session does not last until then. */
async function reach(
  worker: Worker,
  session: TreeSession,
  end: { readonly path: string; readonly zxid: number },
): Promise<number | undefined> {
  try {
    await worker.patiently(
      () => session.get(end.path),
      () => !session.isOpen,
    );
    return end.zxid;
  } catch (error) {
    if (!session.isOpen) return undefined;
    throw error;
  }
}

/** What was acknowledged, and what anybody was told of: of some changes nobody knew whether they were made. */
function allChanges({ changes, logs }: Shared): readonly Change[] {
  const known = new Map<string, Change>();
  const add = ({ zxid, path, type }: Change): void => void known.set(`${zxid} ${type} ${path}`, { zxid, path, type });
  for (const change of changes) add(change);
  for (const { sights } of logs) {
    for (const sight of sights) {
      if (sight.kind === "event" && sight.zxid !== undefined) add({ ...sight, zxid: sight.zxid });
    }
  }
  return [...known.values()].toSorted((a, b) => a.zxid - b.zxid);
}
