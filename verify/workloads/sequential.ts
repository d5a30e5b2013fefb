/** Sequential znodes: each stands once, and their numbers are unique, and in the order in which they were created. */
import type { SequentialCreate } from "../history.ts";
import type { TreeSession } from "../target.ts";
import { ensure, failed, takeSteps, withSession } from "./sessions.ts";
import { HistoryClock, oneIn, pick, Processes, Worker } from "./worker.ts";
import type { WorkloadContext, WorkloadHistory } from "./workload.ts";

const parents = 3;
/** Children of one parent that are left to be found in the end; beyond it each is deleted again, so that it stays small. */
const childrenKept = 2_000;
/** Numbers are not given again, however many children are left. */
const createsPerDelete = 4;
const suffixDigits = 10;

/** @throws TargetError if the znodes cannot be created */
export async function sequentialWorkload(context: WorkloadContext): Promise<readonly WorkloadHistory[]> {
  const clock = new HistoryClock(() => context.clock.monotonicMs());
  const processes = new Processes();
  const root = `/${context.runId}`;
  const paths = Array.from({ length: parents }, (_, index) => `${root}/${index}`);
  /** By the name that was asked for, without its number. */
  const creates = new Map<string, SequentialCreate>();
  const deleted = new Set<string>();
  const first = new Worker(context, clock, processes);
  await withSession(first, async (session) => {
    await ensure(session, root);
    for (const path of paths) await ensure(session, path);
  });
  await Promise.all(
    Array.from({ length: context.clients }, async () => {
      const worker = new Worker(context, clock, processes);
      await takeSteps(worker, (session) => create(worker, session, pick(context.random, paths), creates, deleted));
    }),
  );
  await first.finally(() =>
    withSession(first, async (session) => {
      for (const parent of paths) await find(session, parent, creates, deleted);
    }),
  );
  return [{ kind: "sequential", creates: [...creates.values()] }];
}

async function create(
  worker: Worker,
  session: TreeSession,
  parent: string,
  creates: Map<string, SequentialCreate>,
  deleted: Set<string>,
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
  if (creates.size > parents * childrenKept || oneIn(worker.context.random, createsPerDelete)) {
    deleted.add(name);
    await worker.call(() => session.delete(created.value.path));
  }
  return true;
}

/** What became of them: of those of which nobody knew, and of those that were acknowledged. */
async function find(
  session: TreeSession,
  parent: string,
  creates: Map<string, SequentialCreate>,
  deleted: ReadonlySet<string>,
): Promise<void> {
  const children = await session.children(parent);
  const found = Map.groupBy(children, (child) => `${parent}/${child.slice(0, -suffixDigits)}`);
  for (const [name, known] of creates) {
    if (known.parent !== parent) continue;
    const numbers = (found.get(name) ?? []).map(suffixOf);
    const isNew = known.outcome !== "ok";
    const [first] = isNew ? numbers : [known.suffix];
    if (first === undefined) continue;
    const others = numbers.filter((number) => number !== first);
    const isGone = !isNew && !numbers.includes(first) && !deleted.has(name);
    const stat = isNew ? await session.exists(`${name}${String(first).padStart(suffixDigits, "0")}`) : undefined;
    creates.set(name, {
      ...known,
      suffix: first,
      ...(stat === undefined ? {} : { czxid: stat.czxid }),
      ...(others.length === 0 ? {} : { others }),
      ...(isGone ? { isGone } : {}),
    });
  }
}

function suffixOf(path: string): number {
  return Number(path.slice(-suffixDigits));
}
