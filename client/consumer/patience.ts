import type { ClientTime } from "../coordination/time.ts";
import { NoAnswerException, StreamkeeperException } from "../exceptions.ts";
import { isTransient, retryDelayMs } from "../middleware/retry-policy.ts";

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
   * @throws what `call` threw last
   */
  async call<Answer>(
    call: () => Promise<Answer>,
    signal: AbortSignal,
    passes: (failure: StreamkeeperException) => boolean = () => false,
  ): Promise<Answer> {
    for (let attempts = 1; ; attempts += 1) {
      requireGoingOn(signal);
      try {
        return await call();
      } catch (error) {
        const mayPass = error instanceof StreamkeeperException && (isTransient(error) || passes(error));
        if (!mayPass || signal.aborted) throw error;
        await this.rest(attempts, signal);
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
