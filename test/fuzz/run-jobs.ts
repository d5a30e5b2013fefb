/** Shares the cases of all targets out to threads, and watches that none hangs or dies. */
import { Worker } from "node:worker_threads";
import { type Failure, noProgress, type Progress } from "./run-cases.ts";
import type { Target } from "./target.ts";
import { shared, type WorkerOrder, type WorkerReport } from "./worker.ts";

export interface JobOptions {
  readonly targets: readonly Target[];
  readonly seed: number;
  /** Inputs over all targets. */
  readonly inputs: number;
  /** Of each target. */
  readonly firstCase: number;
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ReadonlyMap<string, Progress>) => void;
}

export interface JobResult {
  readonly progress: ReadonlyMap<string, Progress>;
  readonly failures: readonly Failure[];
}

const ordersPerTarget = 8;
const codecOrderCasesMax = 20_000;
const routeOrderCasesMax = 100;
/** No case may take longer by the clock, however busy the machine is. */
const hangMs = 60_000;
const watchMs = 2_000;
const oldSpaceMbMax = 1_200;

export async function runJobs(options: JobOptions): Promise<JobResult> {
  const progress = new Map<string, Progress>();
  const failures: Failure[] = [];
  const failed = new Set<string>();
  const orders = ordersOf(options);
  const next = (): WorkerOrder | undefined => {
    for (let order = orders.shift(); order !== undefined; order = orders.shift()) {
      if (!options.signal.aborted && !failed.has(order.target)) return order;
    }
    return undefined;
  };
  const take = (report: WorkerReport): void => {
    const { target } = report.order;
    progress.set(target, added(progress.get(target) ?? noProgress, report.progress));
    options.onProgress(progress);
    if (report.failure === undefined || failed.has(target)) return;
    failures.push(report.failure);
    failed.add(target);
  };
  await Promise.all(Array.from({ length: options.jobs }, () => runJob(options, next, take)));
  return { progress, failures };
}

/** Parts of all targets in turn, so that a run that is stopped has seen something of each. */
function ordersOf({ targets, seed, inputs, firstCase }: JobOptions): WorkerOrder[] {
  const shares = targets.reduce((sum, { cost }) => sum + 1 / cost, 0);
  const lists = targets.map((target) => {
    const isCodec = target.inputsPerCase === 1;
    const cases = Math.ceil(inputs / target.cost / shares / target.inputsPerCase);
    const size = Math.max(
      1,
      Math.min(Math.ceil(cases / ordersPerTarget), isCodec ? codecOrderCasesMax : routeOrderCasesMax),
    );
    return Array.from({ length: Math.ceil(cases / size) }, (_, part) => {
      const from = firstCase + part * size;
      return {
        place: (part + 0.5) / Math.ceil(cases / size),
        order: { target: target.name, seed, from, to: Math.min(firstCase + cases, from + size) },
      };
    });
  });
  return lists
    .flat()
    .toSorted((one, other) => one.place - other.place)
    .map(({ order }) => order);
}

/** One thread after the other, each until there are no more orders or it fails. */
async function runJob(
  { targets, signal }: JobOptions,
  next: () => WorkerOrder | undefined,
  take: (report: WorkerReport) => void,
): Promise<void> {
  let thread: Thread | undefined;
  try {
    for (let order = next(); order !== undefined; order = next()) {
      thread ??= new Thread(targets, signal);
      const report = await thread.run(order);
      take(report);
      if (thread.isOver) thread = undefined;
    }
  } finally {
    await thread?.end();
  }
}

class Thread {
  isOver = false;
  readonly #words = new Int32Array(new SharedArrayBuffer(4 * shared.words));
  readonly #worker: Worker;
  readonly #stop = (): void => void Atomics.store(this.#words, shared.stop, 1);
  readonly #signal: AbortSignal;
  readonly #targets: readonly Target[];

  constructor(targets: readonly Target[], signal: AbortSignal) {
    this.#targets = targets;
    this.#signal = signal;
    signal.addEventListener("abort", this.#stop);
    this.#worker = new Worker(new URL("worker.ts", import.meta.url), {
      workerData: this.#words.buffer,
      resourceLimits: { maxOldGenerationSizeMb: oldSpaceMbMax },
    });
  }

  async run(order: WorkerOrder): Promise<WorkerReport> {
    const { promise, resolve } = Promise.withResolvers<WorkerReport>();
    const dead = (problem: string): void => {
      this.isOver = true;
      const index = Atomics.load(this.#words, shared.caseUnderWay);
      const failure = { target: order.target, seed: order.seed, index, problem, input: this.#inputOf(order, index) };
      resolve({ order, progress: noProgress, failure });
    };
    const onError = (error: Error): void => dead(`the thread ended: ${error.stack ?? error.message}`);
    this.#worker.once("message", resolve);
    this.#worker.once("error", onError);
    const watch = this.#watch(dead);
    this.#worker.postMessage(order, []);
    try {
      return await promise;
    } finally {
      clearInterval(watch);
      this.#worker.off("message", resolve).off("error", onError);
      if (this.isOver) await this.end();
    }
  }

  /** What it is, though nobody can run it. */
  #inputOf({ target, seed }: WorkerOrder, index: number): string {
    return (
      this.#targets
        .find(({ name }) => name === target)
        ?.open(seed)(index)
        .show() ?? ""
    );
  }

  async end(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#stop);
    await this.#worker.terminate();
  }

  #watch(dead: (problem: string) => void): NodeJS.Timeout {
    let seen = -1;
    let sinceMs = performance.now();
    return setInterval(() => {
      const index = Atomics.load(this.#words, shared.caseUnderWay);
      if (index !== seen) {
        seen = index;
        sinceMs = performance.now();
      } else if (performance.now() - sinceMs > hangMs) dead(`hangs for more than ${hangMs} ms`);
    }, watchMs);
  }
}

function added(one: Progress, other: Progress): Progress {
  return {
    inputs: one.inputs + other.inputs,
    accepted: one.accepted + other.accepted,
    declined: one.declined + other.declined,
    elapsedMs: one.elapsedMs + other.elapsedMs,
    heapBytesPeak: Math.max(one.heapBytesPeak, other.heapBytesPeak),
    caseMsPeak: Math.max(one.caseMsPeak, other.caseMsPeak),
  };
}
