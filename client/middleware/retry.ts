import { setTimeout as sleep } from "node:timers/promises";

import { NoAnswerException, StreamkeeperException, StreamkeeperServiceException } from "../exceptions.ts";
import type { HttpRequest } from "../http-message.ts";
import type { Handler, HandlerContext, Middleware } from "../middleware-stack.ts";
import { retryDelayMs, shouldRetry } from "./retry-policy.ts";

/**
 * Sends a failed request again, at most `maxAttempts` times in all, and only where a repeat can do no harm.
 * Whatever comes out in the end says whether any attempt may have been applied.
 *
 * @param random from 0 to 1, for the jitter
 */
export function retryMiddleware(random: () => number): Middleware {
  return <Input extends object, Output extends object>(
    next: Handler<Input, Output>,
    context: HandlerContext,
  ): Handler<Input, Output> =>
    async (handlerArguments) => {
      let maybeApplied = false;
      let totalRetryDelayMs = 0;
      for (let attempts = 1; ; attempts += 1) {
        try {
          return { ...(await next(handlerArguments)), attempts, totalRetryDelayMs };
        } catch (error) {
          if (!(error instanceof StreamkeeperException)) throw error;
          maybeApplied ||= context.repeat !== "read" && !error.hasNoSideEffects();
          error.effect = maybeApplied ? "unknown" : "none";
          error.$metadata = { ...error.$metadata, attempts, totalRetryDelayMs };
          const { repeat, maxAttempts } = context;
          const hasIdempotencyKey = hasKey(handlerArguments.request);
          const question = { exception: error, repeat, hasIdempotencyKey, maybeApplied, attempts, maxAttempts };
          if (!shouldRetry(question)) throw error;
          const delayMs = retryDelayMs(attempts, random(), retryAfterMs(error));
          await backOff(delayMs, context.abortSignal, error);
          totalRetryDelayMs += delayMs;
        }
      }
    };
}

function hasKey(request: HttpRequest | undefined): boolean {
  return request?.headers["idempotency-key"] !== undefined;
}

function retryAfterMs(error: StreamkeeperException): number | undefined {
  return error instanceof StreamkeeperServiceException ? error.retryAfterMs : undefined;
}

async function backOff(delayMs: number, signal: AbortSignal | undefined, last: StreamkeeperException): Promise<void> {
  try {
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    const message = `the call was aborted after an attempt that failed: ${last.message}`;
    const aborted = new NoAnswerException("aborted", message, !last.hasNoSideEffects(), cause);
    aborted.$metadata = last.$metadata;
    throw aborted;
  }
}
