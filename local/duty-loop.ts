/** Background duties in the server's own process: what the duty queue and the schedule do on AWS. */
import { doDuty } from "../functions/duties/do-duty.ts";
import { describeError } from "../functions/http/log.ts";
import type { Log } from "../functions/http/log.ts";
import { localSweepMs, pendingDutiesMax } from "../shared/limits.ts";
import type { DutyService } from "../shared/services/services.ts";
import type { Clock, Duty, Timers } from "../shared/storage/environment.ts";

export interface DutyLoopOptions {
  readonly duties: DutyService;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Default `localSweepMs`. */
  readonly sweepMs?: number;
  /** Duties that may wait. Default `pendingDutiesMax`. */
  readonly queueMax?: number;
}

/** Made once: nobody reads it. */
const notNeeded = new Error("there is something to do");

/**
 * Does one duty at a time, and rests after each for as long as it took, so that at least half of the process's time is
 * left to requests. Sweeps when it starts, because wake-ups do not outlive a process, and then once in `sweepMs`.
 */
export class DutyLoop {
  readonly #options: Required<DutyLoopOptions>;
  /** By kind, topic and partition: a duty that waits already is not queued again. */
  readonly #queue = new Map<string, Duty>();
  readonly #stopped = new AbortController();
  #idle: AbortController | undefined;
  #running: Promise<void> | undefined;

  constructor(options: DutyLoopOptions) {
    this.#options = { sweepMs: localSweepMs, queueMax: pendingDutiesMax, ...options };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Queues a duty that is due; past the bound it is dropped, and a sweep finds it again. */
  add(duty: Duty): void {
    const name = `${duty.kind}:${duty.topicId}:${duty.partition}`;
    if (this.#queue.has(name) || this.#queue.size >= this.#options.queueMax) return;
    this.#queue.set(name, duty);
    this.#idle?.abort(notNeeded);
  }

  /** Resolves when the duty under way, if there is one, is done; the others are forgotten. */
  async stop(): Promise<void> {
    this.#stopped.abort(notNeeded);
    this.#idle?.abort(notNeeded);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, duties, sweepMs } = this.#options;
    let sweepAtMs = clock.monotonicMs();
    while (!this.#stopped.signal.aborted) {
      if (clock.monotonicMs() >= sweepAtMs) {
        await this.#work("sweep", async () => duties.sweep());
        sweepAtMs = clock.monotonicMs() + sweepMs;
        continue;
      }
      const next = this.#queue.entries().next().value;
      if (next === undefined) {
        await this.#rest(sweepAtMs - clock.monotonicMs());
        continue;
      }
      const [name, duty] = next;
      this.#queue.delete(name);
      await this.#work(name, async () => doDuty(duties, duty));
    }
  }

  async #work(name: string, work: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options;
    const beganAtMs = clock.monotonicMs();
    try {
      await work();
    } catch (error) {
      log("ERROR", "duty failed", { duty: name, cause: describeError(error) });
    }
    await this.#sleep(clock.monotonicMs() - beganAtMs, this.#stopped.signal);
  }

  /** Until there is something to do, at most `ms`. */
  async #rest(ms: number): Promise<void> {
    this.#idle = new AbortController();
    await this.#sleep(Math.max(0, ms), this.#idle.signal);
    this.#idle = undefined;
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.timers.sleep(ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
