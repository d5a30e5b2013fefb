import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { ServiceError } from "../../shared/api/errors.ts";
import type { OperationId } from "../../shared/api/routes.ts";
import { fetchWaitMsMax } from "../../shared/limits.ts";
import { errorAnswer, gatewayAnswer, lambdaAnswerBytesMax, withRequestId } from "./answer.ts";
import { type Authorization, authorizationFromEnvironment, authorizeByToken } from "./authorization.ts";
import { checkAuthorizedPath, isDecodedPath } from "./authorized-path.ts";
import { readBody } from "./body.ts";
import type { GatewayAnswer, HttpAnswer, HttpEvent, InvocationContext, RoutedRequest } from "./event.ts";
import { describeError, writeLog } from "./log.ts";
import type { Log } from "./log.ts";
import { observed, requestFields } from "./observation.ts";
import type { ObservedEvent } from "./observation.ts";
import type { ServedOperation } from "./operation.ts";
import { Router } from "./router.ts";
import type { RouteMatch } from "./router.ts";

/** What is left of Lambda's time when an operation is given up, to answer in. */
const answerMarginMs = 500;
/** What is left of Lambda's time when a long poll ends, for the fetch after it. */
const waitMarginMs = 2_000;

/** Answers API Gateway's form, or an `HttpAnswer` to an event that came directly. */
export type HttpHandler = (event: HttpEvent, context: InvocationContext) => Promise<HttpAnswer | GatewayAnswer>;

/** An event with what the router found. */
interface RoutedEvent extends ObservedEvent {
  match?: RouteMatch;
}

type Request = middy.Request<RoutedEvent, HttpAnswer | GatewayAnswer>;
type Middleware = middy.MiddlewareObj<RoutedEvent, HttpAnswer | GatewayAnswer>;

/**
 * The middy handler of some operations: one Lambda function has a few of them, the local server has all.
 *
 * @param answerBytesMax of an answer in API Gateway's form
 * @param authorization what the environment says by default, so that no function can forget to ask
 */
export function createHttpHandler(
  served: readonly ServedOperation[],
  log: Log = writeLog,
  authorization: Authorization = authorizationFromEnvironment(),
  answerBytesMax = lambdaAnswerBytesMax,
): HttpHandler {
  const byId = new Map<OperationId, ServedOperation>(served.map((operation) => [operation.id, operation]));
  const handler = middy<RoutedEvent, HttpAnswer | GatewayAnswer>(
    (event: RoutedEvent, context: Context, { signal }: { readonly signal: AbortSignal }) =>
      serve(byId, { event, context, signal, authorization, answerBytesMax }),
    { timeoutEarlyInMillis: answerMarginMs, timeoutEarlyResponse: giveUp },
  )
    .use(routing(new Router([...byId.keys()])))
    .use(transport(answerBytesMax))
    .use(failures(log));
  return observed(async (event: HttpEvent, context) => handler(event, context as Context), log);
}

interface Call {
  readonly event: RoutedEvent;
  readonly context: InvocationContext;
  readonly signal: AbortSignal;
  readonly authorization: Authorization;
  readonly answerBytesMax: number;
}

async function serve(
  byId: ReadonlyMap<OperationId, ServedOperation>,
  { event, context, signal, authorization, answerBytesMax }: Call,
): Promise<HttpAnswer> {
  const { match } = event;
  if (match === undefined) throw new Error("a request reached its handler without a route");
  if (match.kind === "methods") return { status: 204, headers: { allow: match.allow } };
  const operation = byId.get(match.operationId);
  if (operation === undefined) throw new Error(`the router knows ${match.operationId}, its handler does not`);
  const subject =
    authorization.kind === "jwt"
      ? authorizeByToken(event, match.operationId, match.params, authorization.claim)
      : undefined;
  const remainingMs = context.getRemainingTimeInMillis?.();
  const routed: RoutedRequest = {
    params: match.params,
    rawQueryString: event.rawQueryString,
    headers: event.headers,
    body: readBody(event),
    caller: {
      sourceIp: event.requestContext.http.sourceIp,
      userArn: event.requestContext.authorizer?.iam?.userArn,
      subject,
    },
    answerBytesMax: event.direct === undefined ? answerBytesMax : Number.MAX_SAFE_INTEGER,
    waitMsMax: remainingMs === undefined ? fetchWaitMsMax : Math.max(0, remainingMs - waitMarginMs),
    get signal() {
      return event.direct?.signal ?? signal;
    },
  };
  return operation.serve(routed);
}

function routing(router: Router): Middleware {
  return {
    before: ({ event }: Request) => {
      const isDecoded = isDecodedPath(event);
      const match = router.match(event.requestContext.http.method, event.rawPath, isDecoded);
      event.match = match;
      if (match.kind === "methods") return;
      if (event.observed !== undefined) {
        event.observed.operation = match.operationId;
        event.observed.namespace = match.params["namespace"];
      }
      if (isDecoded) checkAuthorizedPath(event, match.operationId);
    },
  };
}

function transport(answerBytesMax: number): Middleware {
  return {
    after: (request: Request) => {
      request.response = transported(request.event, request.response as HttpAnswer, answerBytesMax);
    },
  };
}

function transported(
  event: RoutedEvent,
  answer: HttpAnswer,
  bytesMax = lambdaAnswerBytesMax,
): HttpAnswer | GatewayAnswer {
  const named = withRequestId(answer, event.requestContext.requestId);
  if (event.direct !== undefined) return named;
  try {
    return gatewayAnswer(named, bytesMax);
  } catch (cause) {
    // What was asked for has been done; of a read, `toServiceError` knows that it had no effect.
    if (!(cause instanceof ServiceError)) throw cause;
    throw new ServiceError(cause.code, cause.message, { details: cause.details, effect: "unknown", cause });
  }
}

/** Whoever awaits the operation is answered before Lambda ends the function; a write may still have happened. */
function giveUp(): never {
  throw new ServiceError("REQUEST_TIMED_OUT", "The request took longer than a function may", { effect: "unknown" });
}

function failures(log: Log): Middleware {
  return {
    onError: (request: Request) => {
      const { event } = request;
      const error = toServiceError(request.error, event);
      request.response = transported(event, errorAnswer(error, event.requestContext.requestId));
      if (error.status < 500) return;
      log("ERROR", "request failed", {
        ...requestFields(event, request.context, event.observed),
        error: error.code,
        cause: describeError(request.error),
      });
    },
  };
}

function toServiceError(error: unknown, event: RoutedEvent): ServiceError {
  const { method } = event.requestContext.http;
  const reads = method === "GET" || method === "HEAD";
  if (error instanceof ServiceError) {
    if (!reads || error.effect === "none") return error;
    const { effect: _, ...details } = error.details;
    return new ServiceError(error.code, error.message, { details, cause: error });
  }
  // What an unforeseen error says may name what is inside; the log has it, under the request's id.
  return new ServiceError("SYSTEM_ERROR", "The request failed for a reason that is not the caller's", {
    effect: reads ? "none" : "unknown",
    cause: error,
  });
}
