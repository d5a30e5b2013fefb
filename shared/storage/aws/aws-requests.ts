/**
 * Sends requests, and sends them again within a bound.
 *
 * The SDK's own retries are off (`maxAttempts: 1`), because they hide what a writer must know: a conditional write that
 * was applied, not answered and sent again comes back as a failed condition, and an `ADD` would count twice. So a write
 * is sent again only when the store said that it did not apply it; a lost answer is reported as StorageTimeoutError.
 * For the put of a log entry the core clears that up with the attempt id (invariant 5); it does the same when somebody
 * opens this adapter on a client that retries.
 */
import type { MetricRecorder } from "../../metrics/metrics.ts";
import { awsAttemptsMax, awsBackoffMsMax, awsBackoffMsMin } from "../../limits.ts";
import type { Random, Timers } from "../environment.ts";
import { StorageThrottledError, StorageTimeoutError } from "../errors.ts";
import { storageFailureOf } from "./aws-errors.ts";

/**
 * When a failed request may be sent again: `never`, when the caller does that itself; `if-not-applied`, for writes;
 * `always`, for reads and for writes that are the same when they are done twice.
 */
export type Repeat = "never" | "if-not-applied" | "always";

export class AwsRequests {
  readonly #timers: Timers;
  readonly #random: Random;
  readonly #metrics: MetricRecorder | undefined;

  constructor(environment: {
    readonly timers: Timers;
    readonly random: Random;
    readonly metrics?: MetricRecorder | undefined;
  }) {
    this.#metrics = environment.metrics;
    this.#timers = environment.timers;
    this.#random = environment.random;
  }

  /**
   * Does `send`, whose every error must come from an SDK client.
   *
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError
   */
  async send<T>(what: string, repeat: Repeat, send: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await send();
      } catch (cause) {
        const { error, passing } = storageFailureOf(what, cause);
        if (error instanceof StorageThrottledError) this.#metrics?.count("StorageThrottles", 1, {});
        const harmless =
          repeat === "always" || (repeat === "if-not-applied" && !(error instanceof StorageTimeoutError));
        if (!passing || !harmless || attempt >= awsAttemptsMax) throw error;
      }
      this.#metrics?.count("StorageRetries", 1, {});
      await this.pause(attempt);
    }
  }

  /** Waits before attempt `attempt` + 1. */
  async pause(attempt: number): Promise<void> {
    const ceilingMs = Math.min(awsBackoffMsMax, awsBackoffMsMin * 2 ** (attempt - 1));
    await this.#timers.sleep((this.#random.uint32() / 0x1_0000_0000) * ceilingMs);
  }
}
