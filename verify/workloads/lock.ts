/** Contenders for locks, who write what the locks guard, also when they may no longer, and read what became of it. */
import type { GuardedWrite, LockHold } from "../history.ts";
import type { LockGrant, TreeSession } from "../target.ts";
import { ensure, failed, takeSteps, withSession } from "./sessions.ts";
import { below, HistoryClock, oneIn, pick, Processes, Worker } from "./worker.ts";
import type { WorkloadContext, WorkloadHistory } from "./workload.ts";

const locksAtOnce = 2;
const writesPerHoldMax = 4;
const holdsPerCrash = 20;

interface Shared {
  readonly root: string;
  readonly holds: LockHold[];
  readonly writes: GuardedWrite[];
  /** By what was written, which is unique: its index among the writes. */
  readonly indexes: Map<string, number>;
}

/** @throws TargetError if the znodes cannot be created */
export async function lockWorkload(context: WorkloadContext): Promise<readonly WorkloadHistory[]> {
  const clock = new HistoryClock(() => context.clock.monotonicMs());
  const processes = new Processes();
  const root = `/${context.runId}`;
  const shared: Shared = { root, holds: [], writes: [], indexes: new Map() };
  const locks = Array.from({ length: locksAtOnce }, (_, index) => `${context.runId}-${index}`);
  const first = new Worker(context, clock, processes);
  await withSession(first, async (session) => {
    await ensure(session, root);
    for (const lock of locks) await ensure(session, `${root}/${lock}`);
  });
  await Promise.all(
    Array.from({ length: context.clients }, async () => {
      const worker = new Worker(context, clock, processes);
      await takeSteps(worker, (session) => contend(worker, session, pick(context.random, locks), shared));
    }),
  );
  await first.finally(() =>
    withSession(first, async (session) => {
      for (const lock of locks) find(await session.get(`${root}/${lock}`), shared);
    }),
  );
  const { holds, writes } = shared;
  return [{ kind: "lock", history: { holds, writes } }];
}

async function contend(worker: Worker, session: TreeSession, lock: string, shared: Shared): Promise<boolean> {
  const { timing, random } = worker.context;
  const { process } = worker;
  const acquired = await worker.call(() => session.acquireLock(lock, timing.sessionTimeoutMs));
  if (acquired.outcome !== "ok") return await failed(worker, acquired);
  const { invokedAt, answeredAt: grantedAt, value: grant } = acquired;
  if (grant === undefined) return true;
  let endedAt = Infinity;
  const end = (): void => void (endedAt = Math.min(endedAt, worker.now()));
  grant.onLost(end);
  const isKnown = await writeGuarded(worker, session, { grant, lock, shared });
  end();
  shared.holds.push({ lock, process, token: grant.fencingToken, invokedAt, grantedAt, endedAt });
  if (oneIn(random, holdsPerCrash)) return false;
  const released = await worker.call(() => grant.release());
  if (!isKnown || released.outcome === "info") worker.renumber();
  return released.outcome === "ok" || released.code !== "SESSION_EXPIRED";
}

interface Guarded {
  readonly grant: LockGrant;
  readonly lock: string;
  readonly shared: Shared;
}

/** Goes on when the lock is lost: such a write must be refused. False if nobody knows what became of one. */
async function writeGuarded(worker: Worker, session: TreeSession, guarded: Guarded): Promise<boolean> {
  const { timing, random } = worker.context;
  const { grant, lock, shared } = guarded;
  const path = `${shared.root}/${lock}`;
  for (let left = 1 + below(random, writesPerHoldMax); left > 0; left -= 1) {
    await look(worker, session, path, shared);
    const { process } = worker;
    const token = grant.fencingToken;
    const index = shared.writes.length;
    const data = `${token} ${index}`;
    shared.indexes.set(data, index);
    // Found by others perhaps before it is answered.
    const write = { lock, token, process };
    shared.writes.push({ ...write, invokedAt: worker.now(), answeredAt: Infinity, outcome: "info" });
    const set = await worker.call(() => grant.guardedSet(path, data));
    const { invokedAt, answeredAt, outcome } = set;
    const position = set.outcome === "ok" ? set.value : shared.writes[index]?.position;
    const place = position === undefined ? {} : { position };
    shared.writes[index] = { ...write, invokedAt, answeredAt, outcome, ...place };
    if (outcome === "info") return false;
    await worker.pause(below(random, timing.holdMs));
  }
  return true;
}

async function look(worker: Worker, session: TreeSession, path: string, shared: Shared): Promise<void> {
  const seen = await worker.call(() => session.get(path));
  if (seen.outcome === "ok") find(seen.value, shared);
}

/** What became of a write of which nobody knew, or which was refused. */
function find({ data, stat }: Awaited<ReturnType<TreeSession["get"]>>, { writes, indexes }: Shared): void {
  const index = indexes.get(data) ?? -1;
  const write = writes[index];
  if (write !== undefined) writes[index] = { position: stat.version, ...write };
}
