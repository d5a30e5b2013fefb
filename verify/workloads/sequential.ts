/** Sequential znodes: their numbers are unique, and in the order in which they were created. */
import type { SequentialCreate } from "../history.ts";
import type { TreeSession } from "../target.ts";
import { ensure, failed, takeSteps, withSession } from "./sessions.ts";
import { HistoryClock, pick, Processes, Worker } from "./worker.ts";
import type { WorkloadContext, WorkloadHistory } from "./workload.ts";

const parents = 3;
/** Children of one parent that are left to be found in the end; beyond it each is deleted again, so that it stays small. */
const childrenKept = 2_000;
const suffixDigits = 10;

/** @throws TargetError if the znodes cannot be created */
export async function sequentialWorkload(context: WorkloadContext): Promise<readonly WorkloadHistory[]> {
  const clock = new HistoryClock(() => context.clock.monotonicMs());
  const processes = new Processes();
  const root = `/${context.runId}`;
  const paths = Array.from({ length: parents }, (_, index) => `${root}/${index}`);
  /** By the name that was asked for, without its number. */
  const creates = new Map<string, SequentialCreate>();
  const first = new Worker(context, clock, processes);
  await withSession(first, async (session) => {
    await ensure(session, root);
    for (const path of paths) await ensure(session, path);
  });
  await Promise.all(
    Array.from({ length: context.clients }, async () => {
      const worker = new Worker(context, clock, processes);
      await takeSteps(worker, (session) => create(worker, session, pick(context.random, paths), creates));
    }),
  );
  await first.finally(() =>
    withSession(first, async (session) => {
      for (const parent of paths) await find(session, parent, creates);
    }),
  );
  return [{ kind: "sequential", creates: [...creates.values()] }];
}

async function create(
  worker: Worker,
  session: TreeSession,
  parent: string,
  creates: Map<string, SequentialCreate>,
): Promise<boolean> {
  const { process } = worker;
  const name = `${parent}/c${creates.size}-`;
  // Reserved before it is sent: others choose their names meanwhile.
  creates.set(name, { parent, process, invokedAt: worker.now(), answeredAt: Infinity, outcome: "info" });
  const created = await worker.call(() => session.create(name, "", "persistent-sequential"));
  const { invokedAt, answeredAt, outcome } = created;
  const found = created.outcome === "ok" ? { suffix: suffixOf(created.value.path), czxid: created.value.zxid } : {};
  creates.set(name, { parent, process, invokedAt, answeredAt, outcome, ...found });
  if (created.outcome !== "ok") return await failed(worker, created);
  if (creates.size > parents * childrenKept) await worker.call(() => session.delete(created.value.path));
  return true;
}

/** What became of those of which nobody knew. */
async function find(session: TreeSession, parent: string, creates: Map<string, SequentialCreate>): Promise<void> {
  for (const child of await session.children(parent)) {
    const path = `${parent}/${child}`;
    const name = path.slice(0, -suffixDigits);
    const known = creates.get(name);
    if (known === undefined || known.outcome === "ok") continue;
    const stat = await session.exists(path);
    if (stat !== undefined) creates.set(name, { ...known, suffix: suffixOf(path), czxid: stat.czxid });
  }
}

function suffixOf(path: string): number {
  return Number(path.slice(-suffixDigits));
}
