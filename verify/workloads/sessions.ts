/** Sessions of workers: opened again when they are lost, and now and then left behind as by a crash. */
import { TargetError } from "../target.ts";
import type { TargetCode, TreeSession } from "../target.ts";
import { oneIn } from "./worker.ts";
import type { Worker } from "./worker.ts";

const operationsPerCrash = 300;

/** False when the session is of no more use. */
export type Step = (session: TreeSession) => Promise<boolean>;

/** Takes step after step until the load is over, but at least one, under one session after the other. */
export async function takeSteps(worker: Worker, step: Step): Promise<void> {
  const { random, timing, tally } = worker.context;
  do {
    const session = await openSession(worker);
    if (session === undefined) continue;
    let isUseful = true;
    do {
      isUseful = (await step(session)) && session.isOpen;
      await worker.pause(timing.treePauseMs);
    } while (isUseful && !worker.isOver && !oneIn(random, operationsPerCrash));
    if (isUseful && worker.isOver) await worker.call(() => session.close());
    else session.crash();
    tally.crashes += 1;
    worker.renumber();
  } while (!worker.isOver);
}

/** Undefined after a failure, and a rest. */
export async function openSession(worker: Worker): Promise<TreeSession | undefined> {
  const { target, timing } = worker.context;
  const opened = await worker.call(() => target.tree.openSession({ timeoutMs: timing.sessionTimeoutMs }));
  if (opened.outcome === "ok") return opened.value;
  await worker.rest();
  return undefined;
}

/** With a session of its own, which is opened again as long as the work fails and there is patience. */
export async function withSession<Value>(
  worker: Worker,
  work: (session: TreeSession) => Promise<Value>,
): Promise<Value> {
  const { target, timing } = worker.context;
  return await worker.patiently(async () => {
    const session = await target.tree.openSession({ timeoutMs: timing.sessionTimeoutMs });
    try {
      return await work(session);
    } finally {
      await session.close().catch(() => undefined);
    }
  });
}

/** Makes sure of a znode; what fails of it is thrown. @throws TargetError */
export async function ensure(session: TreeSession, path: string, data = ""): Promise<void> {
  try {
    await session.create(path, data, "persistent");
  } catch (error) {
    if (!(error instanceof TargetError) || error.code !== "NODE_EXISTS") throw error;
  }
}

/** After an operation that failed; false when the session is of no more use. */
export async function failed(
  worker: Worker,
  { outcome, code }: { readonly outcome: "fail" | "info"; readonly code: TargetCode },
): Promise<boolean> {
  if (outcome === "info") worker.renumber();
  await worker.rest();
  return code !== "SESSION_EXPIRED";
}
