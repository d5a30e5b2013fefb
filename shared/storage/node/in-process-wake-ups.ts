import { pendingDutiesMax, pendingTimedDutiesMax } from "../../limits.ts";
import { type Clock, type Duty, dutyName, isTimed, type Timers, type WakeUps } from "../environment.ts";

interface PendingDuty {
  readonly duty: Duty;
  readonly dueAtMs: number;
  readonly cancelled: AbortController;
}

/** Made once: an error of its own for each duty would cost more than its timer. */
const notNeeded = new Error("the duty was brought forward, or the process ends");

/**
 * Background duties of one process. A duty that already waits is not queued again, only brought forward; one too many
 * is dropped, as the port allows; all are lost when the process ends.
 */
export class InProcessWakeUps implements WakeUps {
  readonly endWithProcess = true;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #pending = new Map<string, PendingDuty>();
  /** So many sessions must not keep partitions from being sealed, nor the other way round. */
  #pendingTimed = 0;
  /** Duties that came due before there was a handler. */
  readonly #due = new Map<string, Duty>();
  #handler: ((duty: Duty) => void) | undefined;
  #closed = false;

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  /** Sets who does the duties; the handler must not throw. Duties that came due earlier are handed over now. */
  onWake(handler: (duty: Duty) => void): void {
    this.#handler = handler;
    const due = [...this.#due.values()];
    this.#due.clear();
    for (const duty of due) handler(duty);
  }

  async wake(duty: Duty, delayMs: number): Promise<void> {
    if (this.#closed) return;
    const name = dutyName(duty);
    const dueAtMs = this.#clock.monotonicMs() + delayMs;
    const known = this.#pending.get(name);
    if (known === undefined ? !this.#hasRoomFor(duty) : known.dueAtMs <= dueAtMs) return;
    if (known === undefined) this.#pendingTimed += isTimed(duty) ? 1 : 0;
    known?.cancelled.abort(notNeeded);
    const pending: PendingDuty = { duty, dueAtMs, cancelled: new AbortController() };
    this.#pending.set(name, pending);
    void this.#deliver(name, pending, delayMs);
  }

  /** Forgets every duty; later ones are dropped. */
  close(): void {
    this.#closed = true;
    for (const pending of this.#pending.values()) pending.cancelled.abort(notNeeded);
    this.#pending.clear();
    this.#pendingTimed = 0;
    this.#due.clear();
  }

  #hasRoomFor(duty: Duty): boolean {
    // Whatever is dropped, a sweep finds.
    if (duty.kind === "sweep") return true;
    if (isTimed(duty)) return this.#pendingTimed < pendingTimedDutiesMax;
    return this.#pending.size - this.#pendingTimed < pendingDutiesMax;
  }

  async #deliver(name: string, { duty, cancelled }: PendingDuty, delayMs: number): Promise<void> {
    try {
      await this.#timers.sleep(delayMs, cancelled.signal);
    } catch (cause) {
      if (cancelled.signal.aborted) return;
      throw cause;
    }
    // Not one that was brought forward while this one's time came.
    if (this.#pending.get(name)?.cancelled !== cancelled) return;
    this.#pending.delete(name);
    this.#pendingTimed -= isTimed(duty) ? 1 : 0;
    if (this.#handler !== undefined) this.#handler(duty);
    else if (this.#due.size < pendingDutiesMax) this.#due.set(name, duty);
  }
}
