/** Reads, writes and compare-and-sets of znodes, each of which is a register with versions. */
import type { RegisterOperation } from "../history.ts";
import type { TreeSession } from "../target.ts";
import { failed, takeSteps, withSession } from "./sessions.ts";
import { below, HistoryClock, Processes, Worker } from "./worker.ts";
import type { WorkloadContext, WorkloadHistory } from "./workload.ts";
import { ZnodePool } from "./znode-pool.ts";

const registersAtOnce = 4;
const usesMax = 400;

/** @throws TargetError if the znodes cannot be created */
export async function registerWorkload(context: WorkloadContext): Promise<readonly WorkloadHistory[]> {
  const operations: RegisterOperation[] = [];
  const clock = new HistoryClock(() => context.clock.monotonicMs());
  const processes = new Processes();
  const pool = new ZnodePool(`/${context.runId}`, usesMax);
  const first = new Worker(context, clock, processes);
  await withSession(first, (session) => pool.fill(session, registersAtOnce));
  let values = 0;
  await Promise.all(
    Array.from({ length: context.clients }, async () => {
      const worker = new Worker(context, clock, processes);
      const seen = new Map<string, number>();
      await takeSteps(worker, async (session) => {
        const taken = await worker.call(() => pool.take(worker, session));
        if (taken.outcome !== "ok") return taken.code !== "SESSION_EXPIRED";
        values += 1;
        return await use(worker, session, { znode: taken.value, value: `v${values}`, seen, operations });
      });
    }),
  );
  await first.finally(() =>
    withSession(first, async (session) => {
      for (const znode of pool.paths) {
        const invokedAt = first.now();
        const { data: value, stat } = await session.get(znode);
        const { process } = first;
        const times = { process, invokedAt, answeredAt: first.now(), outcome: "ok" as const };
        operations.push({ kind: "read", znode, ...times, value, version: stat.version });
      }
    }),
  );
  return [{ kind: "register", history: { operations } }];
}

interface Use {
  readonly znode: string;
  readonly value: string;
  /** By znode: the last version that this client has heard of. */
  readonly seen: Map<string, number>;
  readonly operations: RegisterOperation[];
}

async function use(worker: Worker, session: TreeSession, use: Use): Promise<boolean> {
  const version = use.seen.get(use.znode);
  const choice = below(worker.context.random, 3);
  if (choice === 0) return await write(worker, session, use);
  if (choice === 1 && version !== undefined) return await compareAndSet(worker, session, use, version);
  return await read(worker, session, use);
}

async function read(worker: Worker, session: TreeSession, { znode, seen, operations }: Use): Promise<boolean> {
  const { process } = worker;
  const got = await worker.call(() => session.get(znode));
  const { invokedAt, answeredAt } = got;
  if (got.outcome !== "ok") return await failed(worker, got);
  const { data: value, stat } = got.value;
  seen.set(znode, stat.version);
  const { version } = stat;
  operations.push({ kind: "read", znode, process, invokedAt, answeredAt, outcome: "ok", value, version });
  return true;
}

async function write(worker: Worker, session: TreeSession, { znode, value, seen, operations }: Use): Promise<boolean> {
  const { process } = worker;
  const set = await worker.call(() => session.set(znode, value));
  const { invokedAt, answeredAt, outcome } = set;
  const version = set.outcome === "ok" ? { version: set.value.version } : {};
  operations.push({ kind: "write", znode, process, invokedAt, answeredAt, outcome, value, ...version });
  if (set.outcome !== "ok") return await failed(worker, set);
  seen.set(znode, set.value.version);
  return true;
}

async function compareAndSet(
  worker: Worker,
  session: TreeSession,
  { znode, value, seen, operations }: Use,
  expectedVersion: number,
): Promise<boolean> {
  const { process } = worker;
  const set = await worker.call(() => session.set(znode, value, expectedVersion));
  const { invokedAt, answeredAt, outcome } = set;
  const isRefused = set.outcome === "fail" && set.code === "BAD_VERSION";
  operations.push({
    kind: "compareAndSet",
    znode,
    process,
    invokedAt,
    answeredAt,
    outcome,
    value,
    expectedVersion,
    ...(set.outcome === "ok" ? { version: set.value.version } : {}),
    ...(isRefused ? { isRefused } : {}),
  });
  seen.delete(znode);
  if (set.outcome === "ok") seen.set(znode, set.value.version);
  if (set.outcome === "ok" || isRefused) return true;
  return await failed(worker, set);
}
