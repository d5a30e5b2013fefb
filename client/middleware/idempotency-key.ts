import type { Handler, HandlerContext, Middleware } from "../middleware-stack.ts";
import { withHeaders } from "./request-headers.ts";

/**
 * Gives each write without an `Idempotency-Key` a random one, the same in all of its attempts, so that the service
 * recognises a retry and answers as the first time.
 */
export const idempotencyKeyMiddleware: Middleware =
  <Input extends object, Output extends object>(
    next: Handler<Input, Output>,
    context: HandlerContext,
  ): Handler<Input, Output> =>
  (handlerArguments) => {
    const { request } = handlerArguments;
    const given = request?.headers["idempotency-key"] !== undefined;
    if (request === undefined || given || context.repeat !== "keyed") return next(handlerArguments);
    const headers = { "idempotency-key": crypto.randomUUID() };
    return next({ ...handlerArguments, request: withHeaders(request, headers) });
  };
