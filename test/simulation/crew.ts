/** Spreads seeds over threads. */
import { Worker } from "node:worker_threads";
import type { SeedResult, SeedRun } from "./run-seed.ts";

export interface CrewOptions {
  readonly jobs: number;
  /** A seed that takes longer is given up, as one that never ends. */
  readonly seedMsMax: number;
  readonly signal: AbortSignal;
  readonly onResult: (result: SeedResult) => void;
}

/** Handed out at once: few enough for a quick end, enough for a thread to be busy. */
const runsPerBatch = 4;

/** Until all runs are done, or the seed that each thread is at when the signal aborts. */
export async function runCrew(runs: Iterator<SeedRun>, options: CrewOptions): Promise<void> {
  await Promise.all(Array.from({ length: options.jobs }, () => new Member(runs, options).work()));
}

class Member {
  readonly #runs: Iterator<SeedRun>;
  readonly #options: CrewOptions;
  #batch: SeedRun[] = [];
  #worker: Worker | undefined;

  constructor(runs: Iterator<SeedRun>, options: CrewOptions) {
    this.#runs = runs;
    this.#options = options;
  }

  async work(): Promise<void> {
    try {
      while (this.#fill()) await this.#runBatch();
    } finally {
      await this.#worker?.terminate();
    }
  }

  #fill(): boolean {
    if (this.#options.signal.aborted) return false;
    while (this.#batch.length < runsPerBatch) {
      const next = this.#runs.next();
      if (next.done === true) break;
      this.#batch.push(next.value);
    }
    return this.#batch.length > 0;
  }

  /** Until the batch is done, or its first seed is given up; the others stay in it then. */
  async #runBatch(): Promise<void> {
    this.#worker ??= new Worker(new URL("worker.ts", import.meta.url));
    const worker = this.#worker;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let late = this.#watch(resolve);
    const onMessage = (result: SeedResult): void => {
      clearTimeout(late);
      this.#batch.shift();
      this.#options.onResult(result);
      if (this.#batch.length === 0 || this.#options.signal.aborted) resolve();
      else late = this.#watch(resolve);
    };
    worker.on("message", onMessage);
    worker.on("error", reject);
    worker.postMessage(this.#batch, []);
    try {
      await promise;
    } finally {
      clearTimeout(late);
      worker.off("message", onMessage);
      worker.off("error", reject);
    }
  }

  #watch(resolve: () => void): NodeJS.Timeout {
    const { seedMsMax, onResult } = this.#options;
    return setTimeout(() => {
      const run = this.#batch.shift();
      void this.#worker?.terminate();
      this.#worker = undefined;
      if (run !== undefined) onResult(givenUp(run, seedMsMax));
      resolve();
    }, seedMsMax);
  }
}

function givenUp(run: SeedRun, seedMsMax: number): SeedResult {
  const anomalies = [`does not end within ${seedMsMax / 1_000} s`];
  return { run, anomalies, simulatedMs: 0, events: 0, failpoints: {}, hits: [], steps: [], digest: "" };
}
