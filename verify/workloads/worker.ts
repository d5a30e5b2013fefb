/** What workers of all workloads do alike. */
import type { Random } from "../../shared/storage/environment.ts";
import type { Outcome } from "../history.ts";
import { TargetError } from "../target.ts";
import type { TargetCode } from "../target.ts";
import type { WorkloadContext } from "./workload.ts";

const microsecondsPerMs = 1_000;

/**
 * The clock of a history, in ms: no two moments are the same, so that real time orders all that does not overlap. Between two
 * moments lies a microsecond at the least.
 */
export class HistoryClock {
  readonly #nowMs: () => number;
  #lastMicroseconds = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  readonly now = (): number => {
    const nowMicroseconds = Math.round(this.#nowMs() * microsecondsPerMs);
    this.#lastMicroseconds = Math.max(nowMicroseconds, this.#lastMicroseconds + 1);
    return this.#lastMicroseconds / microsecondsPerMs;
  };
}

/** How a call ended. `value` where it was answered. */
export type Ending<Value> =
  | { readonly outcome: "ok"; readonly value: Value }
  | { readonly outcome: "fail" | "info"; readonly code: TargetCode; readonly error: TargetError };

/** When it was, and how it ended. */
export type Called<Value> = { readonly invokedAt: number; readonly answeredAt: number } & Ending<Value>;

/** Numbers the clients of a history; each goes on under a new number when nobody knows what became of an operation. */
export class Processes {
  #last = 0;

  next(): number {
    this.#last += 1;
    return this.#last;
  }
}

/** One client: what it calls is timed and counted. */
export class Worker {
  readonly context: WorkloadContext;
  readonly #clock: HistoryClock;
  readonly #processes: Processes;
  #process: number;

  constructor(context: WorkloadContext, clock: HistoryClock, processes: Processes) {
    this.context = context;
    this.#clock = clock;
    this.#processes = processes;
    this.#process = processes.next();
  }

  get process(): number {
    return this.#process;
  }

  get isOver(): boolean {
    return this.context.load.aborted;
  }

  now(): number {
    return this.#clock.now();
  }

  /** Goes on under a new number. */
  renumber(): void {
    this.#process = this.#processes.next();
  }

  /** Calls, and tells how it ended. @throws only what is no `TargetError`, and CORRUPT */
  async call<Value>(work: () => Promise<Value>): Promise<Called<Value>> {
    const { tally } = this.context;
    const invokedAt = this.now();
    try {
      const value = await work();
      tally.count("ok");
      return { invokedAt, answeredAt: this.now(), outcome: "ok", value };
    } catch (error) {
      if (!(error instanceof TargetError) || error.code === "CORRUPT") throw error;
      tally.count(error.outcome);
      tally.error(error);
      const { outcome, code } = error;
      const answeredAt = outcome === "info" ? Infinity : this.now();
      return { invokedAt, answeredAt, outcome, code, error };
    }
  }

  /** A moment, as an operation of a history. */
  mark(): {
    readonly process: number;
    readonly invokedAt: number;
    readonly answeredAt: number;
    readonly outcome: Outcome;
  } {
    return { process: this.process, invokedAt: this.now(), answeredAt: this.now(), outcome: "ok" };
  }

  /** Sleeps, not beyond the end of the load. */
  async pause(ms: number): Promise<void> {
    const { timers, load } = this.context;
    if (load.aborted) return;
    try {
      await timers.sleep(ms, load);
    } catch (error) {
      if (!load.aborted) throw error;
    }
  }

  /** After a failure: some time up to `retryPauseMs`. */
  async rest(): Promise<void> {
    const { random, timing } = this.context;
    await this.pause(1 + below(random, timing.retryPauseMs));
  }

  /** The final phase: what fails of it is a problem of the whole history. @throws as `call` */
  async finally(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof TargetError) || error.code === "CORRUPT") throw error;
      this.context.tally.problems.push(`the final phase was not finished: ${error.message}`);
    }
  }

  /** Calls again until it is answered, or the final phase has no patience left: then it throws what the last call did. */
  async patiently<Value>(work: () => Promise<Value>, mayGiveUp: () => boolean = () => false): Promise<Value> {
    const { clock, timing, timers, random, tally } = this.context;
    const untilMs = clock.monotonicMs() + timing.finalPatienceMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof TargetError) || error.code === "CORRUPT") throw error;
        tally.error(error);
        if (clock.monotonicMs() >= untilMs || mayGiveUp()) throw error;
        await timers.sleep(1 + below(random, timing.retryPauseMs));
      }
    }
  }
}

/** Whole, from 0 to `count - 1`. */
export function below(random: Random, count: number): number {
  return count <= 1 ? 0 : random.uint32() % Math.floor(count);
}

/** True once in `times`. */
export function oneIn(random: Random, times: number): boolean {
  return below(random, times) === 0;
}

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[below(random, items.length)];
  if (item === undefined) throw new RangeError("there is nothing to pick from");
  return item;
}
