/** Appends to, and reads of, several znodes at one moment, by multi; after Jepsen's append workload. */
import type { MultiOperation, MultiStep } from "../history.ts";
import type { TreeOperation, TreeSession } from "../target.ts";
import { elementsOf, withElement } from "./element-list.ts";
import { failed, takeSteps, withSession } from "./sessions.ts";
import { below, HistoryClock, oneIn, Processes, Worker } from "./worker.ts";
import type { WorkloadContext, WorkloadHistory } from "./workload.ts";
import { ZnodePool } from "./znode-pool.ts";

const znodesAtOnce = 5;
const usesMax = 300;
const znodesPerOperationMax = 3;

/** @throws TargetError if the znodes cannot be created */
export async function multiWorkload(context: WorkloadContext): Promise<readonly WorkloadHistory[]> {
  const operations: MultiOperation[] = [];
  const clock = new HistoryClock(() => context.clock.monotonicMs());
  const processes = new Processes();
  const pool = new ZnodePool(`/${context.runId}`, usesMax);
  const first = new Worker(context, clock, processes);
  await withSession(first, (session) => pool.fill(session, znodesAtOnce));
  let values = 0;
  await Promise.all(
    Array.from({ length: context.clients }, async () => {
      const worker = new Worker(context, clock, processes);
      await takeSteps(worker, async (session) => {
        const znodes = new Set<string>();
        for (let left = 1 + below(context.random, znodesPerOperationMax); left > 0; left -= 1) {
          const taken = await worker.call(() => pool.take(worker, session));
          if (taken.outcome !== "ok") return taken.code !== "SESSION_EXPIRED";
          znodes.add(taken.value);
        }
        values += 1;
        return await use(worker, session, [...znodes], `a${values}`, operations);
      });
    }),
  );
  await first.finally(() =>
    withSession(first, async (session) => {
      for (const znode of pool.paths) {
        const invokedAt = first.now();
        const values = elementsOf((await session.get(znode)).data);
        const times = { process: first.process, invokedAt, answeredAt: first.now(), outcome: "ok" as const };
        operations.push({ ...times, steps: [{ kind: "readList", znode, values }] });
      }
    }),
  );
  return [{ kind: "multi", operations }];
}

/** What is read is checked by its version in the multi that appends: all of it holds at the moment of the multi. */
async function use(
  worker: Worker,
  session: TreeSession,
  znodes: readonly string[],
  value: string,
  operations: MultiOperation[],
): Promise<boolean> {
  const { random } = worker.context;
  if (session.getAll !== undefined && oneIn(random, 4)) return await readAll(worker, session, znodes, operations);
  const { process } = worker;
  const steps: MultiStep[] = [];
  const writes: TreeOperation[] = [];
  const invokedAt = worker.now();
  for (const znode of znodes) {
    const got = await worker.call(() => session.get(znode));
    if (got.outcome !== "ok") return await failed(worker, got);
    const { data, stat } = got.value;
    steps.push({ kind: "readList", znode, values: elementsOf(data) });
    const { version } = stat;
    if (oneIn(random, 3) && writes.length > 0) writes.push({ type: "check", path: znode, version });
    else {
      writes.push({ type: "set", path: znode, data: withElement(data, value), version });
      steps.push({ kind: "append", znode, value });
    }
  }
  const done = await worker.call(() => session.multi(writes));
  const { answeredAt, outcome } = done;
  operations.push({ process, invokedAt, answeredAt, outcome, steps });
  if (done.outcome === "ok" || (done.outcome === "fail" && done.code === "BAD_VERSION")) return true;
  return await failed(worker, done);
}

async function readAll(
  worker: Worker,
  session: TreeSession,
  znodes: readonly string[],
  operations: MultiOperation[],
): Promise<boolean> {
  const { process } = worker;
  const got = await worker.call(async () => (await session.getAll?.(znodes)) ?? []);
  if (got.outcome !== "ok") return await failed(worker, got);
  const { invokedAt, answeredAt } = got;
  const steps = znodes.map((znode, index): MultiStep => {
    return { kind: "readList", znode, values: elementsOf(got.value[index]?.data ?? "") };
  });
  operations.push({ process, invokedAt, answeredAt, outcome: "ok", steps });
  return true;
}
