import { setImmediate as turn } from "node:timers/promises";
import type { ClientTime } from "../../../client/index.ts";

interface Sleeper {
  readonly dueMs: number;
  wake(): void;
}

/** Time that passes when a test says so. */
export class ManualTime implements ClientTime {
  #nowMs = 0;
  readonly #sleepers = new Set<Sleeper>();

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const sleeper = {
      dueMs: this.#nowMs + ms,
      wake: () => {
        this.#sleepers.delete(sleeper);
        resolve();
      },
    };
    this.#sleepers.add(sleeper);
    signal.addEventListener("abort", sleeper.wake, { once: true });
    return promise;
  }

  /** Lets time pass, and everything happen that was to happen meanwhile. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await turn();
      const [next] = [...this.#sleepers].toSorted((one, other) => one.dueMs - other.dueMs);
      if (next === undefined || next.dueMs > endMs) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.wake();
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
    await turn();
  }

  /** The process stands still: time passes, but no timer fires. */
  standStill(ms: number): void {
    this.#nowMs += ms;
  }
}
