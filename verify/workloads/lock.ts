/** Contenders for locks, who write what the locks guard, also when they may no longer. */
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
}

/** @throws TargetError if the znodes cannot be created */
export async function lockWorkload(context: WorkloadContext): Promise<readonly WorkloadHistory[]> {
  const clock = new HistoryClock(() => context.clock.monotonicMs());
  const processes = new Processes();
  const root = `/${context.runId}`;
  const shared: Shared = { root, holds: [], writes: [] };
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
  const isKnown = await writeGuarded(worker, grant, lock, shared);
  end();
  shared.holds.push({ lock, process, token: grant.fencingToken, invokedAt, grantedAt, endedAt });
  if (oneIn(random, holdsPerCrash)) return false;
  const released = await worker.call(() => grant.release());
  if (!isKnown || released.outcome === "info") worker.renumber();
  return released.outcome === "ok" || released.code !== "SESSION_EXPIRED";
}

/** Goes on when the lock is lost: such a write must be refused. False if nobody knows what became of one. */
async function writeGuarded(worker: Worker, grant: LockGrant, lock: string, shared: Shared): Promise<boolean> {
  const { timing, random } = worker.context;
  for (let left = 1 + below(random, writesPerHoldMax); left > 0; left -= 1) {
    const { process } = worker;
    const token = grant.fencingToken;
    const set = await worker.call(() => grant.guardedSet(`${shared.root}/${lock}`, String(token)));
    const { invokedAt, answeredAt, outcome } = set;
    const position = set.outcome === "ok" ? { position: set.value } : {};
    shared.writes.push({ lock, token, process, invokedAt, answeredAt, outcome, ...position });
    if (outcome === "info") return false;
    await worker.pause(below(random, timing.holdMs));
  }
  return true;
}
