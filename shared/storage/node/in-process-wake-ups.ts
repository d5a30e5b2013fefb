import { pendingDutiesMax, pendingTimedDutiesMax } from "../../limits.ts";
import { type Clock, type Duty, dutyName, isTimed, type Timers, type WakeUps } from "../environment.ts";
import { type Due, DueQueue } from "./due-queue.ts";

interface PendingDuty extends Due {
  readonly name: string;
  readonly duty: Duty;
}

interface Sleep {
  readonly untilMs: number;
  readonly cancelled: AbortController;
}

/** Made once: an error of its own each time would cost more than the timer. */
const notNeeded = new Error("something else is due sooner, or the process ends");

/**
 * Background duties of one process. A duty that already waits is not queued again, only brought forward; one too many
 * is dropped, as the port allows; all are lost when the process ends. One timer serves all: each session has a duty, and
 * a timer for each took more memory than the rest of an idle session.
 */
export class InProcessWakeUps implements WakeUps {
  readonly endWithProcess = true;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #pending = new Map<string, PendingDuty>();
  readonly #queue = new DueQueue<PendingDuty>();
  /** Until the first of the queue is due. */
  #sleep: Sleep | undefined;
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
    if (known === undefined) {
      const pending = { name, duty, dueAtMs, place: 0 };
      this.#pending.set(name, pending);
      this.#pendingTimed += isTimed(duty) ? 1 : 0;
      this.#queue.add(pending);
    } else {
      this.#queue.bringForward(known, dueAtMs);
    }
    this.#sleepUntilFirst();
  }

  /** Forgets every duty; later ones are dropped. */
  close(): void {
    this.#closed = true;
    this.#sleep?.cancelled.abort(notNeeded);
    this.#sleep = undefined;
    this.#queue.clear();
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

  #sleepUntilFirst(): void {
    const { first } = this.#queue;
    if (first === undefined || (this.#sleep !== undefined && this.#sleep.untilMs <= first.dueAtMs)) return;
    this.#sleep?.cancelled.abort(notNeeded);
    this.#sleep = { untilMs: first.dueAtMs, cancelled: new AbortController() };
    void this.#deliverAfter(this.#sleep);
  }

  async #deliverAfter(sleep: Sleep): Promise<void> {
    const { untilMs, cancelled } = sleep;
    try {
      await this.#timers.sleep(Math.max(0, untilMs - this.#clock.monotonicMs()), cancelled.signal);
    } catch (cause) {
      if (cancelled.signal.aborted) return;
      throw cause;
    }
    // Not one that something else came before.
    if (this.#sleep !== sleep) return;
    this.#sleep = undefined;
    // A timer may be early by a part of a millisecond.
    const nowMs = Math.max(untilMs, this.#clock.monotonicMs());
    for (let first = this.#queue.first; first !== undefined && first.dueAtMs <= nowMs; first = this.#queue.first)
      this.#deliver(first);
    this.#sleepUntilFirst();
  }

  #deliver({ name, duty }: PendingDuty): void {
    this.#queue.removeFirst();
    this.#pending.delete(name);
    this.#pendingTimed -= isTimed(duty) ? 1 : 0;
    if (this.#handler !== undefined) this.#handler(duty);
    else if (this.#due.size < pendingDutiesMax) this.#due.set(name, duty);
  }
}
