import { type Clock, dutyName, type Timers } from "../environment.ts";
import type { LogId } from "../log-store.ts";
import { InProcessNotifier } from "../node/in-process-notifier.ts";
import type { Storage } from "../storage.ts";
import type { SeededRandom } from "./seeded-random.ts";
import { SimulatedRequests } from "./simulated-requests.ts";
import { type Sender, simulatedBlobs, simulatedItems, simulatedLogs } from "./simulated-stores.ts";
import type { Liveness, Simulation } from "./simulation.ts";

export interface ProcessOptions {
  /** How far its wall clock is ahead of the store's. */
  readonly wallSkewMs?: number;
  /** How much faster both its clocks run, in parts per million. */
  readonly driftPpm?: number;
  /** If given, failpoints may freeze and kill it; told when it is killed, by them or otherwise. */
  readonly onKilled?: () => void;
}

/** What the store knows of a process that begins. */
interface ProcessStart {
  readonly number: number;
  /** The store's clock at its own start. */
  readonly wallMs: number;
}

/** A process of a simulation: its storage, its clocks, and how it stops. */
export class SimulatedProcess implements Liveness {
  readonly storage: Storage;
  readonly number: number;
  readonly #options: ProcessOptions;
  readonly #store: Simulation;
  readonly #random: SeededRandom;
  readonly #notifier: InProcessNotifier;
  readonly #startWallMs: number;
  readonly #rate: number;
  #wallSkewMs: number;
  #killed = false;
  #frozenUntilMs = 0;
  /** How long the monotonic clock has stood still before the freeze that is described next. */
  #stoodMs = 0;
  #standsFromMs = 0;
  #standsUntilMs = 0;

  constructor(store: Simulation, random: SeededRandom, start: ProcessStart, options: ProcessOptions) {
    this.number = start.number;
    this.#options = options;
    this.#store = store;
    this.#random = random;
    this.#startWallMs = start.wallMs;
    this.#wallSkewMs = options.wallSkewMs ?? 0;
    this.#rate = 1 + (options.driftPpm ?? 0) / 1_000_000;
    const timers: Timers = { sleep: (ms, signal) => this.#sleep(ms, signal) };
    this.#notifier = new InProcessNotifier(timers);
    const requests = new SimulatedRequests(store, this, random.fork());
    const sender = (): Sender => ({ store, requests, random: random.fork(), process: this.number });
    this.storage = {
      logs: simulatedLogs(sender()),
      items: simulatedItems(sender()),
      blobs: simulatedBlobs(sender()),
      clock: this.#clock(),
      random: random.fork(),
      timers,
      notifier: {
        notify: (logId, next) => store.spreadHint(logId, next),
        wait: (logId, position, ms, signal) => this.#notifier.wait(logId, position, ms, signal),
      },
      wakeUps: { wake: (duty, delayMs) => requests.tell(dutyName(duty), () => store.scheduleWake(duty, delayMs)) },
      lifetimes: store.lifetimes,
      dropsExpiredEntries: store.dropsExpiredEntries,
    };
  }

  get killed(): boolean {
    return this.#killed;
  }

  get mayStop(): boolean {
    return this.#options.onKilled !== undefined && !this.#killed;
  }

  get frozenUntilMs(): number {
    return this.#frozenUntilMs;
  }

  /** Ends the process: nothing that it awaits ever comes. What it has sent may still be applied. */
  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    this.#store.hit("process/killed", this.number);
    this.#options.onKilled?.();
  }

  /**
   * Lets nothing that it awaits come for `ms`, as when a function's container is frozen or a laptop sleeps. What it has
   * sent is applied meanwhile, or leaves the process only when it goes on.
   */
  freeze(ms: number, options: { readonly monotonicStops?: boolean } = {}): void {
    const nowMs = this.#store.time.nowMs;
    this.#store.hit("process/frozen", this.number);
    this.#frozenUntilMs = Math.max(this.#frozenUntilMs, nowMs + ms);
    if (options.monotonicStops !== true) return;
    this.#store.hit("clock/monotonic-stops", this.number);
    this.#stoodMs = this.#monotonicStood();
    this.#standsFromMs = nowMs;
    this.#standsUntilMs = Math.max(this.#standsUntilMs, nowMs + ms);
  }

  /** Moves its wall clock, as a correction by NTP does. */
  stepWall(ms: number): void {
    this.#store.hit("clock/step", this.number);
    this.#wallSkewMs += ms;
  }

  deliver(resume: () => void): void {
    if (this.#killed) return;
    const { time } = this.#store;
    if (this.#frozenUntilMs > time.nowMs) {
      time.schedule(this.#frozenUntilMs - time.nowMs, () => this.deliver(resume));
      return;
    }
    resume();
  }

  /** A hint has arrived. */
  hint(logId: LogId, next: number): void {
    this.#notifier.notify(logId, next);
  }

  #clock(): Clock {
    const { time } = this.#store;
    return {
      wallMs: () => Math.floor(this.#startWallMs + this.#wallSkewMs + time.nowMs * this.#rate),
      monotonicMs: () => (time.nowMs - this.#monotonicStood()) * this.#rate,
    };
  }

  #monotonicStood(): number {
    const untilMs = Math.min(this.#store.time.nowMs, this.#standsUntilMs);
    return this.#stoodMs + Math.max(0, untilMs - this.#standsFromMs);
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        wake.cancelled = true;
        reject(signal?.reason as Error);
      };
      const { sleepLateMsMax, reorderedMsMax } = this.#store.delays;
      const isReordered = this.#store.isStruck("timers", "timersReordered", this.#random, this.number);
      const lateMs = this.#random.between(0, isReordered ? reorderedMsMax : sleepLateMsMax);
      const wake = this.#store.time.schedule(ms / this.#rate + lateMs, () =>
        this.deliver(() => {
          signal?.removeEventListener("abort", fail);
          resolve();
        }),
      );
      if (signal?.aborted === true) fail();
      else signal?.addEventListener("abort", fail, { once: true });
    });
  }
}
