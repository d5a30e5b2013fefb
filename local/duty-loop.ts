/** Background duties in the server's own process: what the duty queue and the schedule do on AWS. */
import { doDuty } from "../functions/duties/do-duty.ts";
import { describeError } from "../functions/http/log.ts";
import type { Log } from "../functions/http/log.ts";
import { localSweepMs, pendingDutiesMax } from "../shared/limits.ts";
import type { DutyService } from "../shared/services/services.ts";
import { dutyName, isTimed } from "../shared/storage/environment.ts";
import type { Clock, Duty, TimedDuty, Timers } from "../shared/storage/environment.ts";

export interface DutyLoopOptions {
  readonly duties: DutyService;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** How often it sweeps by itself. Default `localSweepMs`; Infinity where sweeps are asked for. */
  readonly sweepMs?: number;
  /** Duties that may wait. Default `pendingDutiesMax`. */
  readonly queueMax?: number;
  /** Default true; false until an election has been won. */
  readonly leads?: boolean;
}

/** Sessions and znodes that are looked at at the same time. */
const timedDutiesAtOnce = 8;

/** Made once: nobody reads it. */
const notNeeded = new Error("there is something to do");

/**
 * Does one duty at a time, and rests after each for as long as it took, so that at least half of the process's time is
 * left to requests. Sweeps when it starts, because wake-ups do not outlive a process, when it is asked to, and once in `sweepMs`.
 */
export class DutyLoop {
  readonly #options: Required<DutyLoopOptions>;
  /** By kind, topic and partition: a duty that waits already is not queued again. */
  readonly #queue = new Map<string, Exclude<Duty, TimedDuty>>();
  /** What is due at a time has a lane of its own: it must not wait while a segment is sealed. */
  readonly #timed = new Map<string, TimedDuty>();
  #timedRunning = 0;
  /** Those that run, to be waited for. */
  readonly #timedRuns = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  #idle: AbortController | undefined;
  /** Whether sweeps and the duties of partitions are this process's to do. */
  #leads: boolean;
  #sweepAtMs = -Infinity;
  #running: Promise<void> | undefined;

  constructor(options: DutyLoopOptions) {
    this.#options = { sweepMs: localSweepMs, queueMax: pendingDutiesMax, leads: true, ...options };
    this.#leads = this.#options.leads;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Whether sweeps and the duties of partitions are this process's to do; if so it sweeps at once, for what others were asked
   * to do. What is due at a time is done by whoever was asked.
   */
  lead(leads: boolean): void {
    if (leads === this.#leads) return;
    this.#leads = leads;
    this.#queue.clear();
    this.#sweepNow();
  }

  /** Queues a duty that is due; past the bound it is dropped, and a sweep finds it again. */
  add(duty: Duty): void {
    const name = dutyName(duty);
    if (isTimed(duty)) return this.#addTimed(name, duty);
    if (duty.kind === "sweep") return this.#sweepNow();
    if (!this.#leads || this.#queue.has(name) || this.#queue.size >= this.#options.queueMax) return;
    this.#queue.set(name, duty);
    this.#idle?.abort(notNeeded);
  }

  /** Resolves when the duties under way are done; the others are forgotten. */
  async stop(): Promise<void> {
    this.#stopped.abort(notNeeded);
    this.#idle?.abort(notNeeded);
    this.#timed.clear();
    await Promise.all([this.#running, ...this.#timedRuns]);
  }

  #sweepNow(): void {
    this.#sweepAtMs = -Infinity;
    this.#idle?.abort(notNeeded);
  }

  #addTimed(name: string, duty: TimedDuty): void {
    if (this.#timed.size >= this.#options.queueMax || this.#stopped.signal.aborted) return;
    this.#timed.set(name, duty);
    if (this.#timedRunning >= timedDutiesAtOnce) return;
    const run: Promise<void> = this.#runTimed().finally(() => this.#timedRuns.delete(run));
    this.#timedRuns.add(run);
  }

  async #runTimed(): Promise<void> {
    const { duties } = this.#options;
    this.#timedRunning += 1;
    for (let next = this.#nextTimed(); next !== undefined; next = this.#nextTimed()) {
      const [name, duty] = next;
      await this.#attempt(name, async () => doDuty(duties, duty));
    }
    this.#timedRunning -= 1;
  }

  #nextTimed(): [string, TimedDuty] | undefined {
    const next = this.#timed.entries().next().value;
    if (next !== undefined) this.#timed.delete(next[0]);
    return next;
  }

  async #run(): Promise<void> {
    const { clock, duties, sweepMs } = this.#options;
    while (!this.#stopped.signal.aborted) {
      if (this.#leads && clock.monotonicMs() >= this.#sweepAtMs) {
        // One that is asked for while this one goes on is not this one.
        this.#sweepAtMs = Infinity;
        await this.#work("sweep", async () => duties.sweep());
        this.#sweepAtMs = Math.min(this.#sweepAtMs, clock.monotonicMs() + sweepMs);
        continue;
      }
      const next = this.#queue.entries().next().value;
      if (next === undefined) {
        await this.#rest(this.#leads ? this.#sweepAtMs - clock.monotonicMs() : sweepMs);
        continue;
      }
      const [name, duty] = next;
      this.#queue.delete(name);
      await this.#work(name, async () => doDuty(duties, duty));
    }
  }

  async #work(name: string, work: () => Promise<void>): Promise<void> {
    const { clock } = this.#options;
    const beganAtMs = clock.monotonicMs();
    await this.#attempt(name, work);
    await this.#sleep(clock.monotonicMs() - beganAtMs, this.#stopped.signal);
  }

  async #attempt(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.log("ERROR", "duty failed", { duty: name, cause: describeError(error) });
    }
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
