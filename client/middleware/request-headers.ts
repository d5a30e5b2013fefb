import type { HttpRequest } from "../http-message.ts";
import type { Handler, Middleware } from "../middleware-stack.ts";

/** The request with more headers; a header of the same name is replaced. */
export function withHeaders(request: HttpRequest, headers: Readonly<Record<string, string>>): HttpRequest {
  return { ...request, headers: { ...request.headers, ...headers } };
}

/** Adds the headers that every request has. */
export function fixedHeadersMiddleware(userAgent: string): Middleware {
  return <Input extends object, Output extends object>(next: Handler<Input, Output>): Handler<Input, Output> =>
    (handlerArguments) => {
      const { request } = handlerArguments;
      if (request === undefined) return next(handlerArguments);
      const { hostname, port, body } = request;
      const host = hostname.includes(":") ? `[${hostname}]` : hostname;
      const headers: Record<string, string> = {
        host: port === undefined ? host : `${host}:${port}`,
        "user-agent": userAgent,
      };
      if (body !== undefined) headers["content-length"] = String(body.length);
      return next({ ...handlerArguments, request: withHeaders(request, headers) });
    };
}
