import type { ClientTime } from "../coordination/time.ts";
import { NoAnswerException, StreamkeeperException } from "../exceptions.ts";
import { isTransient, retryDelayMs } from "../middleware/retry-policy.ts";

/** Failures in a row that are waited out before anybody is told: a rolling restart is no problem. */
export const quietFailuresMax = 5;

/** A call that failed, and is made again. */
export interface Retry {
  readonly error: StreamkeeperException;
  /** Failures in a row. */
  readonly attempts: number;
  readonly retryInMs: number;
}

/** Waits out what may pass, in the consumer's own time. */
export class Patience {
  readonly time: ClientTime;
  readonly random: () => number;

  constructor(time: ClientTime, random: () => number) {
    this.time = time;
    this.random = random;
  }

  /**
   * Calls again while what fails may pass by itself and the signal does not abort.
   *
   * @param passes failures that pass by themselves beside those of the service and the network
   * @param onRetry told of each failure that is waited out
   * @throws what `call` threw last
   */
  async call<Answer>(
    call: () => Promise<Answer>,
    signal: AbortSignal,
    passes: (failure: StreamkeeperException) => boolean = () => false,
    onRetry?: (retry: Retry) => void,
  ): Promise<Answer> {
    for (let attempts = 1; ; attempts += 1) {
      requireGoingOn(signal);
      try {
        return await call();
      } catch (error) {
        const mayPass = error instanceof StreamkeeperException && (isTransient(error) || passes(error));
        if (!mayPass || signal.aborted) throw error;
        const retryInMs = retryDelayMs(attempts, this.random());
        onRetry?.({ error, attempts, retryInMs });
        await this.time.sleep(retryInMs, signal);
      }
    }
  }

  /** The pause behind so many attempts that failed. */
  async rest(attempts: number, signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await this.time.sleep(retryDelayMs(attempts, this.random()), signal);
  }
}

/** @throws NoAnswerException if the signal has aborted: nothing was sent */
function requireGoingOn(signal: AbortSignal): void {
  if (signal.aborted) throw new NoAnswerException("aborted", "the call was aborted", false, signal.reason);
}
