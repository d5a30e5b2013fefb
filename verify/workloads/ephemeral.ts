/** Sessions that end in every way, and their ephemerals, which end with them: not before, and not much later. */
import type { EphemeralOperation, Operation, SessionLife } from "../history.ts";
import type { TreeSession } from "../target.ts";
import { ensure, withSession } from "./sessions.ts";
import { below, HistoryClock, oneIn, pick, Processes, Worker } from "./worker.ts";
import type { WorkloadContext, WorkloadHistory } from "./workload.ts";

/** Ephemerals that observers look at: the last that were created. */
const recentMax = 30;
const looksPerSessionMax = 20;
/** In the end, while sessions have yet to expire. */
const looksPerTimeout = 4;

interface Shared {
  readonly root: string;
  readonly sessions: SessionLife[];
  readonly operations: EphemeralOperation[];
  readonly recent: { readonly path: string; readonly sessionId: string }[];
  created: number;
}

/** @throws TargetError if the tree cannot be created */
export async function ephemeralWorkload(context: WorkloadContext): Promise<readonly WorkloadHistory[]> {
  const clock = new HistoryClock(() => context.clock.monotonicMs());
  const processes = new Processes();
  const worker = (): Worker => new Worker(context, clock, processes);
  const root = `/${context.runId}`;
  const shared: Shared = { root, sessions: [], operations: [], recent: [], created: 0 };
  const first = worker();
  await withSession(first, (session) => ensure(session, root));
  await Promise.all([
    ...Array.from({ length: context.clients }, () => liveAgain(worker(), shared)),
    observe(worker(), shared),
  ]);
  await first.finally(() => lookAfterAll(first, shared));
  const { sessions, operations } = shared;
  return [{ kind: "ephemeral", history: { sessions, operations } }];
}

async function liveAgain(worker: Worker, shared: Shared): Promise<void> {
  const { target, timing, random } = worker.context;
  do {
    const renewals: Operation[] = [];
    const renewing = (): ((outcome: Operation["outcome"]) => void) => {
      const { process } = worker;
      const invokedAt = worker.now();
      return (outcome) => {
        const answeredAt = outcome === "info" ? Infinity : worker.now();
        renewals.push({ process, invokedAt, answeredAt, outcome });
      };
    };
    const { process } = worker;
    const options = { timeoutMs: timing.sessionTimeoutMs, renewing };
    const opening = await worker.call(() => target.tree.openSession(options));
    if (opening.outcome !== "ok") {
      await worker.rest();
      continue;
    }
    const session = opening.value;
    const { invokedAt, answeredAt } = opening;
    const opened: Operation = { process, invokedAt, answeredAt, outcome: "ok" };
    const life = { sessionId: session.id, timeout: session.timeoutMs, opened, renewals };
    const index = shared.sessions.push(life) - 1;
    await live(worker, session, shared);
    if (session.isOpen && oneIn(random, 2)) {
      const closing = await worker.call(() => session.close());
      const { invokedAt, answeredAt, outcome } = closing;
      shared.sessions[index] = { ...life, closed: { process, invokedAt, answeredAt, outcome } };
    } else {
      session.crash();
      worker.context.tally.crashes += 1;
    }
    worker.renumber();
  } while (!worker.isOver);
}

/** Creates an ephemeral, looks at it for a while, and at times deletes it itself. */
async function live(worker: Worker, session: TreeSession, shared: Shared): Promise<void> {
  const { random, timing } = worker.context;
  const sessionId = session.id;
  shared.created += 1;
  const path = `${shared.root}/${shared.created}`;
  const { process } = worker;
  const created = await worker.call(() => session.create(path, "", "ephemeral"));
  const { invokedAt, answeredAt, outcome } = created;
  shared.operations.push({ kind: "create", path, sessionId, process, invokedAt, answeredAt, outcome });
  if (outcome === "info") worker.renumber();
  shared.recent.push({ path, sessionId });
  if (shared.recent.length > recentMax) shared.recent.shift();
  if (outcome === "fail") return;
  for (let left = below(random, looksPerSessionMax); left > 0 && !worker.isOver; left -= 1) {
    await look(worker, session, { path, sessionId }, shared);
    await worker.pause(below(random, timing.sessionTimeoutMs / 4) + timing.treePauseMs);
  }
  if (!oneIn(random, 4)) return;
  const deleted = await worker.call(() => session.delete(path));
  const { process: deleter } = worker;
  const times = { process: deleter, invokedAt: deleted.invokedAt, answeredAt: deleted.answeredAt };
  shared.operations.push({ kind: "delete", path, sessionId, ...times, outcome: deleted.outcome });
  if (deleted.outcome === "info") worker.renumber();
}

async function observe(worker: Worker, shared: Shared): Promise<void> {
  const { target, timing, random } = worker.context;
  while (!worker.isOver) {
    const opened = await worker.call(() => target.tree.openSession({ timeoutMs: timing.sessionTimeoutMs }));
    if (opened.outcome !== "ok") {
      await worker.rest();
      continue;
    }
    while (!worker.isOver && opened.value.isOpen) {
      if (shared.recent.length > 0) await look(worker, opened.value, pick(random, shared.recent), shared);
      await worker.pause(timing.treePauseMs);
    }
    opened.value.crash();
    worker.renumber();
  }
}

async function look(
  worker: Worker,
  session: TreeSession,
  { path, sessionId }: { readonly path: string; readonly sessionId: string },
  shared: Shared,
): Promise<void> {
  const { process } = worker;
  const seen = await worker.call(() => session.exists(path));
  const { invokedAt, answeredAt } = seen;
  if (seen.outcome !== "ok") return worker.rest();
  const isPresent = seen.value !== undefined;
  shared.operations.push({ kind: "look", path, sessionId, process, invokedAt, answeredAt, outcome: "ok", isPresent });
}

/** When every session must have ended, none of their ephemerals is there any more. */
async function lookAfterAll(worker: Worker, shared: Shared): Promise<void> {
  const { timers, timing, clock } = worker.context;
  const longest = shared.sessions.reduce((most, { timeout }) => Math.max(most, timeout), 0);
  // Also of those whose last heartbeat was not answered, and may have come late.
  const untilMs = clock.monotonicMs() + timing.lateMs + longest + timing.expiryGraceMs;
  const sessionsOf = new Map(shared.operations.map(({ path, sessionId }) => [path, sessionId]));
  for (;;) {
    const isLast = clock.monotonicMs() >= untilMs;
    const invokedAt = worker.now();
    const children = await withSession(worker, (session) => session.children(shared.root));
    const answeredAt = worker.now();
    for (const name of children) {
      const path = `${shared.root}/${name}`;
      const sessionId = sessionsOf.get(path) ?? "unknown";
      const times = { process: worker.process, invokedAt, answeredAt, outcome: "ok" as const };
      shared.operations.push({ kind: "look", path, sessionId, ...times, isPresent: true });
    }
    if (children.length === 0 || isLast) return;
    await timers.sleep(longest / looksPerTimeout);
  }
}
