/** What is counted and logged of a request: that it was answered, how long that took, and with which errors. */
import type { OperationId } from "../../shared/api/routes.ts";
import { inScope, RequestScope } from "../metrics/request-scope.ts";
import type { HttpEvent, InvocationContext } from "./event.ts";
import type { Log, LogFields } from "./log.ts";
import { headerValue } from "./media-type.ts";

/** Beyond it a request is worth a line in the log, even one that succeeds; what a long poll waited does not count. */
export const slowRequestMs = 1_000;

/** For paths and methods that no operation has. */
const noOperation = "none";

/** An event that is being answered. */
export interface ObservedEvent extends HttpEvent {
  observed?: Observation;
}

/** Filled in as a request is answered. */
export interface Observation {
  readonly scope: RequestScope;
  readonly startedAtMs: number;
  operation?: OperationId;
  namespace?: string;
}

/** Wraps what answers: counts each request into its invocation's metrics, and logs those that are slow. */
export function observed<Event extends ObservedEvent, Answer>(
  answer: (event: Event, context: InvocationContext) => Promise<Answer>,
  log: Log,
): (event: Event, context: InvocationContext) => Promise<Answer> {
  return (event, context) => {
    const scope = new RequestScope();
    const observation: Observation = { scope, startedAtMs: performance.now() };
    event.observed = observation;
    return inScope(scope, async () => {
      try {
        return await answer(event, context);
      } finally {
        finish(event, context, observation, log);
      }
    });
  };
}

function finish(event: HttpEvent, context: InvocationContext, observation: Observation, log: Log): void {
  const { scope, startedAtMs, operation: request = noOperation } = observation;
  const nowMs = performance.now();
  const waitedMs = scope.waitedMs(nowMs);
  const tookMs = nowMs - startedAtMs - waitedMs;
  const { metrics } = context;
  if (metrics !== undefined) {
    metrics.count("RequestsPerSec", 1, { request });
    metrics.observe("LocalTimeMs", rounded(tookMs), { request });
    if (waitedMs > 0) metrics.observe("RemoteTimeMs", rounded(waitedMs), { request });
    for (const error of scope.errors) metrics.count("ErrorsPerSec", 1, { request, error });
    if (context.coldStart === true) metrics.count("ColdStarts", 1, {});
  }
  if (tookMs > slowRequestMs) log("WARN", "request was slow", requestFields(event, context, observation));
}

/** What finds a request again: in the access log, in traces, and with its caller, who was told its id. Names, and no data. */
export function requestFields(
  { requestContext, rawPath, headers }: HttpEvent,
  { awsRequestId, coldStart }: InvocationContext,
  observation: Observation | undefined,
): LogFields {
  const nowMs = performance.now();
  return {
    requestId: requestContext.requestId,
    invocationId: awsRequestId,
    traceId: traceIdOf(headers),
    method: requestContext.http.method,
    path: rawPath,
    operation: observation?.operation,
    namespace: observation?.namespace,
    error: observation?.scope.errors[0],
    latencyMs: observation === undefined ? undefined : rounded(nowMs - observation.startedAtMs),
    waitedMs: observation === undefined ? undefined : rounded(observation.scope.waitedMs(nowMs)),
    coldStart,
  };
}

/** X-Ray's `Root=1-<time>-<id>`; what is not of its form is not written down. */
function traceIdOf(headers: HttpEvent["headers"]): string | undefined {
  const header = headerValue(headers, "x-amzn-trace-id") ?? process.env["_X_AMZN_TRACE_ID"];
  return /Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)/.exec(header ?? "")?.[1];
}

/** To the microsecond: more digits only make lines longer. */
function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
