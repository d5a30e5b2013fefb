import type { Handler, Middleware } from "../middleware-stack.ts";
import { withHeaders } from "./request-headers.ts";

/** For example from an OAuth client that caches it; called for each attempt, so that none is sent after its time. */
export type TokenProvider = () => Promise<string>;

/** Sends the token (RFC 6750 section 2.1), for an API that asks for one in place of a signature. */
export function bearerTokenMiddleware(token: string | TokenProvider): Middleware {
  return <Input extends object, Output extends object>(next: Handler<Input, Output>): Handler<Input, Output> =>
    async (handlerArguments) => {
      const { request } = handlerArguments;
      if (request === undefined) return next(handlerArguments);
      const authorization = `Bearer ${typeof token === "string" ? token : await token()}`;
      return next({ ...handlerArguments, request: withHeaders(request, { authorization }) });
    };
}
