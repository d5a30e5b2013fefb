/** Sets, to which elements are added by reading a znode and setting it if it is unchanged. */
import type { SetOperation } from "../history.ts";
import type { TreeSession } from "../target.ts";
import { elementsOf, withElement } from "./element-list.ts";
import { failed, takeSteps, withSession } from "./sessions.ts";
import { HistoryClock, oneIn, Processes, Worker } from "./worker.ts";
import type { WorkloadContext, WorkloadHistory } from "./workload.ts";
import { ZnodePool } from "./znode-pool.ts";

const setsAtOnce = 2;
const usesMax = 400;

/** @throws TargetError if the znodes cannot be created */
export async function setWorkload(context: WorkloadContext): Promise<readonly WorkloadHistory[]> {
  const operations: SetOperation[] = [];
  const clock = new HistoryClock(() => context.clock.monotonicMs());
  const processes = new Processes();
  const pool = new ZnodePool(`/${context.runId}`, usesMax);
  const first = new Worker(context, clock, processes);
  await withSession(first, (session) => pool.fill(session, setsAtOnce));
  let elements = 0;
  await Promise.all(
    Array.from({ length: context.clients }, async () => {
      const worker = new Worker(context, clock, processes);
      await takeSteps(worker, async (session) => {
        const taken = await worker.call(() => pool.take(worker, session));
        if (taken.outcome !== "ok") return taken.code !== "SESSION_EXPIRED";
        elements += 1;
        const element = oneIn(context.random, 3) ? undefined : `e${elements}`;
        return await use(worker, session, taken.value, element, operations);
      });
    }),
  );
  await first.finally(() =>
    withSession(first, async (session) => {
      for (const znode of pool.paths) {
        const invokedAt = first.now();
        const elements = elementsOf((await session.get(znode)).data);
        const { process } = first;
        operations.push({ kind: "read", znode, process, invokedAt, answeredAt: first.now(), outcome: "ok", elements });
      }
    }),
  );
  return [{ kind: "set", operations }];
}

/** Adds an element, or without one only reads. */
async function use(
  worker: Worker,
  session: TreeSession,
  znode: string,
  element: string | undefined,
  operations: SetOperation[],
): Promise<boolean> {
  const { process } = worker;
  const got = await worker.call(() => session.get(znode));
  if (got.outcome !== "ok") return await failed(worker, got);
  const { data, stat } = got.value;
  const read = { invokedAt: got.invokedAt, answeredAt: got.answeredAt, outcome: "ok" as const };
  operations.push({ kind: "read", znode, process, ...read, elements: elementsOf(data) });
  if (element === undefined) return true;
  const set = await worker.call(() => session.set(znode, withElement(data, element), stat.version));
  const { invokedAt, answeredAt, outcome } = set;
  operations.push({ kind: "add", znode, process, invokedAt, answeredAt, outcome, element });
  if (set.outcome === "ok" || set.code === "BAD_VERSION") {
    if (outcome === "info") worker.renumber();
    return true;
  }
  return await failed(worker, set);
}
