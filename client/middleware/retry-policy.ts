/** Decides after a failed attempt; pure, so that every case can be listed in a test. */
import { StreamkeeperServiceException } from "../exceptions.ts";
import type { StreamkeeperException } from "../exceptions.ts";
import type { Repeat } from "../command.ts";

/** Shortest upper bound of a back-off; doubled with each attempt. */
const retryDelayMsBase = 50;
/** Longest back-off, also when the service asks for more by `Retry-After`. */
export const retryDelayMsMax = 5_000;
/** What it asks for at most counts: the rest is left for the jitter, so that not all come back at once. */
const retryAfterMsMax = retryDelayMsMax / 2;

export interface RetryQuestion {
  readonly exception: StreamkeeperException;
  readonly repeat: Repeat;
  /** The request carries an `Idempotency-Key`. */
  readonly hasIdempotencyKey: boolean;
  /** The outcome of this or an earlier attempt is unknown. */
  readonly maybeApplied: boolean;
  /** Attempts made, this one included. */
  readonly attempts: number;
  readonly maxAttempts: number;
}

/** Whether to send the same request again. */
export function shouldRetry(question: RetryQuestion): boolean {
  if (question.attempts >= question.maxAttempts || !isTransient(question.exception)) return false;
  return !question.maybeApplied || isSafeToRepeat(question.repeat, question.hasIdempotencyKey);
}

/** Whether a second application of the request would do no harm, or would be recognised by the service. */
export function isSafeToRepeat(repeat: Repeat, hasIdempotencyKey: boolean): boolean {
  switch (repeat) {
    case "read":
    case "repeatable":
      return true;
    case "keyed":
      return hasIdempotencyKey;
    case "once":
      return false;
  }
}

/**
 * Full jitter: anything from 0 to a bound that doubles with each attempt
 * (AWS Architecture Blog, "Exponential Backoff And Jitter").
 *
 * @param attempts attempts made, at least 1
 * @param random from 0 to 1
 * @param retryAfterMs what the service asked for, if it did: a lower bound, to which the jitter is added
 */
export function retryDelayMs(attempts: number, random: number, retryAfterMs = 0): number {
  const bound = Math.min(retryDelayMsMax, retryDelayMsBase * 2 ** (attempts - 1));
  const askedMs = Math.max(0, Math.min(retryAfterMsMax, retryAfterMs));
  return Math.min(retryDelayMsMax, askedMs + random * Math.max(askedMs, bound));
}

/**
 * Whether the failure may pass by itself. An error that says "retriable" but is the client's fault is not among them
 * (an unknown topic, which Kafka's clients ask for again while metadata spreads): our reads of metadata are never stale
 * for longer than the service's own cache.
 */
export function isTransient(exception: StreamkeeperException): boolean {
  if (!exception.retriable) return false;
  if (!(exception instanceof StreamkeeperServiceException)) return true;
  return exception.$fault === "server" || exception.$metadata.httpStatusCode === 429;
}
