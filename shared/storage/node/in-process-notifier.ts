import { notifierHintsMax, notifierWaitersMax } from "../../limits.ts";
import type { Notifier, Timers } from "../environment.ts";
import type { LogId } from "../log-store.ts";

interface Waiter {
  readonly position: number;
  readonly end: () => void;
}

/** Made once: an error of its own for each wait would cost more than the wait. */
const hinted = new Error("the wait is over");

/**
 * Hints between callers in one process.
 *
 * The last hint of a log is remembered, so that one that comes between a reader's read and its wait is not lost: a
 * reader must wait at the position up to which it has read, or its wait ends at once.
 */
export class InProcessNotifier implements Notifier {
  readonly #timers: Timers;
  readonly #waiters = new Map<LogId, Set<Waiter>>();
  /** The greatest `next` that was hinted, the log that was hinted last at the end. */
  readonly #hints = new Map<LogId, number>();
  #waiting = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  notify(logId: LogId, next: number): void {
    this.#remember(logId, next);
    for (const waiter of this.#waiters.get(logId) ?? []) {
      if (next > waiter.position) waiter.end();
    }
  }

  async wait(logId: LogId, position: number, ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true || (this.#hints.get(logId) ?? 0) > position) return;
    const ended = new AbortController();
    const end = (): void => ended.abort(hinted);
    const waiter: Waiter = { position, end };
    signal?.addEventListener("abort", end, { once: true });
    // Past the bound a caller waits without hints: it is late, and right.
    const counted = this.#waiting < notifierWaitersMax;
    if (counted) this.#add(logId, waiter);
    try {
      await this.#timers.sleep(ms, ended.signal);
    } catch (cause) {
      if (!ended.signal.aborted) throw cause;
    } finally {
      if (counted) this.#remove(logId, waiter);
      signal?.removeEventListener("abort", end);
    }
  }

  #remember(logId: LogId, next: number): void {
    const known = this.#hints.get(logId) ?? 0;
    this.#hints.delete(logId);
    this.#hints.set(logId, Math.max(known, next));
    if (this.#hints.size <= notifierHintsMax) return;
    for (const oldest of this.#hints.keys()) {
      this.#hints.delete(oldest);
      return;
    }
  }

  #add(logId: LogId, waiter: Waiter): void {
    const waiters = this.#waiters.get(logId);
    if (waiters === undefined) this.#waiters.set(logId, new Set([waiter]));
    else waiters.add(waiter);
    this.#waiting += 1;
  }

  #remove(logId: LogId, waiter: Waiter): void {
    const waiters = this.#waiters.get(logId);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.#waiters.delete(logId);
    this.#waiting -= 1;
  }
}
