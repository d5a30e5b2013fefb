/** What the core takes from outside, as Node has it: for processes whose storage is elsewhere. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock, Notifier, Random, Timers } from "../shared/storage/environment.ts";
import type { LogId } from "../shared/storage/log-store.ts";

const idBytes = 16;

export const clock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const random: Random = {
  uint32: () => randomBytes(4).readUInt32LE(),
  id: () => randomBytes(idBytes).toString("base64url"),
};

export const timers: Timers = {
  sleep: async (ms, signal) => {
    try {
      await sleep(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // Node rejects with an AbortError of its own; whoever aborted said why.
      signal?.throwIfAborted();
      throw error;
    }
  },
};

/** Hints between the requests of this process; other processes' appends are seen when a wait is over. */
export class ProcessNotifier implements Notifier {
  private readonly waiting = new Map<LogId, Set<(next: number) => void>>();

  notify(logId: LogId, next: number): void {
    for (const wakeUp of this.waiting.get(logId) ?? []) wakeUp(next);
  }

  wait(logId: LogId, position: number, ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (signal?.aborted === true) return Promise.resolve();
    const waiters = this.waiting.get(logId) ?? new Set();
    this.waiting.set(logId, waiters);
    const end = (): void => {
      clearTimeout(timeout);
      signal?.removeEventListener("abort", end);
      waiters.delete(wakeUp);
      if (waiters.size === 0) this.waiting.delete(logId);
      resolve();
    };
    const wakeUp = (next: number): void => {
      if (next > position) end();
    };
    const timeout = setTimeout(end, ms);
    signal?.addEventListener("abort", end, { once: true });
    waiters.add(wakeUp);
    return promise;
  }
}
