import { setTimeout as sleep } from "node:timers/promises";

import { NoAnswerException, StreamkeeperException, StreamkeeperServiceException } from "../exceptions.ts";
import type { HttpRequest } from "../http-message.ts";
import type { Handler, HandlerContext, Middleware } from "../middleware-stack.ts";
import { RetryBudget } from "./retry-budget.ts";
import { retryDelayMs, shouldRetry } from "./retry-policy.ts";

/**
 * Sends a failed request again, at most `maxAttempts` times in all, only where a repeat can do no harm, and only while the
 * retries of its path are not spent.
 * Whatever comes out in the end says whether any attempt may have been applied.
 *
 * @param random from 0 to 1, for the jitter
 */
export function retryMiddleware(random: () => number): Middleware {
  const budget = new RetryBudget();
  return <Input extends object, Output extends object>(
    next: Handler<Input, Output>,
    context: HandlerContext,
  ): Handler<Input, Output> =>
    async (handlerArguments) => {
      let maybeApplied = false;
      let totalRetryDelayMs = 0;
      let taken = 0;
      const path = handlerArguments.request?.path ?? "";
      for (let attempts = 1; ; attempts += 1) {
        try {
          const result = await next(handlerArguments);
          budget.succeeded(path, taken);
          return { ...result, attempts, totalRetryDelayMs };
        } catch (error) {
          if (!(error instanceof StreamkeeperException)) throw error;
          maybeApplied ||= context.repeat !== "read" && !error.hasNoSideEffects();
          error.effect = maybeApplied ? "unknown" : "none";
          error.$metadata = { ...error.$metadata, attempts, totalRetryDelayMs };
          const { repeat, maxAttempts } = context;
          const hasIdempotencyKey = hasKey(handlerArguments.request);
          const question = { exception: error, repeat, hasIdempotencyKey, maybeApplied, attempts, maxAttempts };
          if (!shouldRetry(question)) throw error;
          taken = budget.take(path, error instanceof StreamkeeperServiceException);
          if (taken === 0) throw error;
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
