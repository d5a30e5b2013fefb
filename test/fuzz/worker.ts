/** A thread that runs parts of targets as they are given to it. */
import { parentPort, workerData } from "node:worker_threads";
import { targets } from "./all-targets.ts";
import { type Failure, type Progress, runCases } from "./run-cases.ts";

export interface WorkerOrder {
  readonly target: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

export type WorkerReport = { readonly order: WorkerOrder; readonly progress: Progress; readonly failure?: Failure };

/** Shared with the thread that gives the orders: the case under way, and whether to stop. */
export const shared = { caseUnderWay: 0, stop: 1, words: 2 } as const;

if (parentPort !== null) serve(parentPort, new Int32Array(workerData as SharedArrayBuffer));

function serve(port: NonNullable<typeof parentPort>, words: Int32Array): void {
  // Most inputs end in an error, and nobody reads where it came from.
  Error.stackTraceLimit = 0;
  port.on("message", (order: WorkerOrder) => {
    const target = targets.find(({ name }) => name === order.target);
    if (target === undefined) throw new Error(`no target ${order.target}`);
    void runCases(
      { ...order, target },
      {
        begins: (index) => Atomics.store(words, shared.caseUnderWay, index),
        isStopped: () => Atomics.load(words, shared.stop) === 1,
      },
    ).then((result) => port.postMessage({ order, ...result } satisfies WorkerReport));
  });
}
