/** Collects which logs have grown in this process, and has it told, one round after the other. */
import { describeError } from "../functions/http/log.ts";
import type { Log } from "../functions/http/log.ts";
import { notifierHintsMax, treeEntryTransactionsMax } from "../shared/limits.ts";
import { localHintIntervalMs } from "../shared/limits/push.ts";
import type { GrownLog, HintService } from "../shared/services/push.ts";
import type { Timers } from "../shared/storage/environment.ts";
import type { LogId } from "../shared/storage/log-store.ts";

export class HintLoop {
  readonly #hints: HintService;
  readonly #timers: Timers;
  readonly #log: Log;
  /** Up to where each log was told of. */
  readonly #told = new Map<LogId, number>();
  #grown = new Map<LogId, GrownLog>();
  #isRunning = false;

  constructor(hints: HintService, timers: Timers, log: Log) {
    this.#hints = hints;
    this.#timers = timers;
    this.#log = log;
  }

  /** @param next where the log goes on */
  add(logId: LogId, next: number): void {
    if (!logId.startsWith("partition:") && !logId.startsWith("tree:")) return;
    // The entry's first position is not known here; one entry of a tree has no more transactions than this.
    const first = this.#told.get(logId) ?? Math.max(0, next - treeEntryTransactionsMax);
    const known = this.#grown.get(logId);
    this.#grown.set(logId, { logId, first: known?.first ?? first, last: Math.max(next - 1, known?.last ?? 0) });
    if (!this.#isRunning) void this.#run();
  }

  /** Nobody listens any more. */
  forget(): void {
    this.#told.clear();
    this.#grown.clear();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#grown.size > 0) {
      const grown = [...this.#grown.values()];
      this.#grown = new Map();
      for (const { logId, last } of grown) this.#told.set(logId as LogId, last + 1);
      if (this.#told.size > notifierHintsMax) this.#told.clear();
      try {
        await this.#hints.notify(grown);
      } catch (error) {
        this.#log("WARN", "hints lost", { cause: describeError(error) });
      }
      await this.#timers.sleep(localHintIntervalMs);
    }
    this.#isRunning = false;
  }
}
