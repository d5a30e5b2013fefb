import type { Notifier } from "../shared/storage/environment.ts";
import type { LogId } from "../shared/storage/log-store.ts";

/** A notifier that tells one more listener of every log that this process lets grow. */
export class GrowthTap implements Notifier {
  readonly #notifier: Notifier;
  #listener: ((logId: LogId, next: number) => void) | undefined;

  constructor(notifier: Notifier) {
    this.#notifier = notifier;
  }

  /** @param listener must not throw */
  listen(listener: (logId: LogId, next: number) => void): void {
    this.#listener = listener;
  }

  notify(logId: LogId, next: number): void {
    this.#notifier.notify(logId, next);
    this.#listener?.(logId, next);
  }

  wait(logId: LogId, position: number, ms: number, signal?: AbortSignal): Promise<void> {
    return this.#notifier.wait(logId, position, ms, signal);
  }
}
