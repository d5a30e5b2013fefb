/** Reads answers of the service, and those of the gateways in front of it, which have their own. */
import type { ErrorCode } from "../shared/api/errors.ts";
import { requestIdHeader } from "../shared/api/routes.ts";
import type { ErrorAnswer } from "../shared/api/schemas/common.ts";
import { NoAnswerException, StreamkeeperServiceException } from "./exceptions.ts";
import type { HttpResponse } from "./http-message.ts";

const utf8 = new TextDecoder();
/** How much of an answer that is no JSON goes into the message. */
const excerptCharsMax = 200;

/**
 * The body of an answer as JSON; what it holds is the service's word.
 *
 * @throws NoAnswerException if it is no JSON object
 */
export function jsonOf(response: HttpResponse): object {
  const value = parse(response.body);
  if (value !== undefined) return value;
  const excerpt = utf8.decode(response.body).slice(0, excerptCharsMax);
  throw new NoAnswerException("malformedResponse", `the answer is not a JSON object: ${excerpt}`, true);
}

/** The number in a header. @throws NoAnswerException if there is none */
export function numberHeaderOf(response: HttpResponse, name: string): number {
  const value = Number(response.headers[name] ?? Number.NaN);
  if (Number.isSafeInteger(value)) return value;
  throw new NoAnswerException("malformedResponse", `the answer has no number in its header ${name}`, true);
}

/** The service's or else the gateway's name for the request. */
export function requestIdOf(response: HttpResponse): string | undefined {
  const { headers } = response;
  return headers[requestIdHeader] ?? headers["apigw-requestid"] ?? headers["x-amzn-requestid"];
}

/** The exception for an answer whose status is not 2xx. */
export function serviceExceptionOf(response: HttpResponse): StreamkeeperServiceException {
  const { statusCode } = response;
  const body = parse(response.body);
  const fault = statusCode >= 500 ? "server" : "client";
  const retryAfterS = Number(response.headers["retry-after"] ?? Number.NaN);
  const retryAfter = Number.isFinite(retryAfterS) ? { retryAfterMs: retryAfterS * 1_000 } : {};
  if (body !== undefined && isErrorAnswer(body)) {
    const unknown = body.details["effect"] === "unknown" || statusCode === 500 || statusCode === 504;
    return new StreamkeeperServiceException(body.error, body.message, {
      fault,
      retriable: body.retriable,
      details: body.details,
      effect: unknown ? "unknown" : "none",
      metadata: { httpStatusCode: statusCode, requestId: body.requestId },
      ...retryAfter,
    });
  }
  const requestId = requestIdOf(response);
  return new StreamkeeperServiceException(foreignName(response), foreignMessage(response, body), {
    fault,
    retriable: statusCode >= 500 || statusCode === 429,
    details: {},
    // A gateway's 5xx may stand for a function that was cut off in the middle of its work.
    effect: statusCode >= 500 ? "unknown" : "none",
    metadata: { httpStatusCode: statusCode, ...(requestId === undefined ? {} : { requestId }) },
    ...retryAfter,
  });
}

function isErrorAnswer(body: object): body is ErrorAnswer {
  return (
    "error" in body &&
    typeof body.error === "string" &&
    "message" in body &&
    typeof body.message === "string" &&
    "retriable" in body &&
    typeof body.retriable === "boolean" &&
    "details" in body &&
    typeof body.details === "object" &&
    body.details !== null
  );
}

/**
 * What API Gateway and Lambda answer in the service's stead, by its names: a body above 10 or 6 MB, more requests than the
 * account or the function takes, and a function that did not answer in time (503 from an HTTP API).
 */
const foreignNames: ReadonlyMap<number, ErrorCode> = new Map([
  [413, "MESSAGE_TOO_LARGE"],
  [429, "THROTTLING_QUOTA_EXCEEDED"],
  [503, "REQUEST_TIMED_OUT"],
  [504, "REQUEST_TIMED_OUT"],
]);

/** They name their other errors in a header, behind which a colon may add more. */
function foreignName(response: HttpResponse): string {
  const known = foreignNames.get(response.statusCode);
  if (known !== undefined) return known;
  const type = response.headers["x-amzn-errortype"]?.split(":")[0];
  return type === undefined || type === "" ? `HTTP_${response.statusCode}` : type;
}

function foreignMessage(response: HttpResponse, body: object | undefined): string {
  if (body !== undefined) {
    if ("message" in body && typeof body.message === "string") return body.message;
    if ("Message" in body && typeof body.Message === "string") return body.Message;
  }
  const excerpt = utf8.decode(response.body).slice(0, excerptCharsMax);
  return excerpt === "" ? `the endpoint answered ${response.statusCode}` : excerpt;
}

function parse(bytes: Uint8Array): object | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
