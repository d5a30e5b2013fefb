/** Puts answers in the form of the transport, and failures in the form of answers. */
import { ServiceError } from "../../shared/api/errors.ts";
import { jsonMediaType, requestIdHeader } from "../../shared/api/routes.ts";
import type { ErrorAnswer, PartError } from "../../shared/api/schemas/common.ts";
import { noteError } from "../metrics/request-scope.ts";
import type { GatewayAnswer, HttpAnswer } from "./event.ts";

/**
 * Body of one answer through Lambda: 6 MB of payload (6,291,456 bytes) hold 4.7 MB as base64; the rest is for the headers.
 */
export const lambdaAnswerBytesMax = 4_500_000;
/** Text beyond it goes as base64, because the quotes of JSON in JSON may double its length. */
const lambdaTextCharsMax = 2_000_000;
/** How long a client should wait that was asked to slow down, in s. */
const retryAfterSeconds = "1";

export function jsonAnswer(status: number, value: unknown): HttpAnswer {
  return { status, headers: { "content-type": jsonMediaType }, body: JSON.stringify(value) };
}

/** A failure as the part of an answer that succeeds otherwise. */
export function partErrorOf(error: ServiceError): PartError {
  noteError(error.code);
  return {
    error: error.code,
    message: error.message,
    retriable: error.retriable,
    details: error.details as PartError["details"],
  };
}

export function errorAnswer(error: ServiceError, requestId: string): HttpAnswer {
  const headers: Record<string, string> = { "content-type": jsonMediaType };
  if (error.code === "METHOD_NOT_ALLOWED") headers["allow"] = String(error.details["allow"]);
  if (error.code === "THROTTLING_QUOTA_EXCEEDED") headers["retry-after"] = retryAfterSeconds;
  const body: ErrorAnswer = { ...partErrorOf(error), requestId };
  return { status: error.status, headers, body: JSON.stringify(body) };
}

export function withRequestId(answer: HttpAnswer, requestId: string): HttpAnswer {
  return { ...answer, headers: { ...answer.headers, [requestIdHeader]: requestId } };
}

/** @throws ServiceError MESSAGE_TOO_LARGE where Lambda could not carry it */
export function gatewayAnswer({ status, headers, body }: HttpAnswer, bytesMax = lambdaAnswerBytesMax): GatewayAnswer {
  if (body === undefined) return { statusCode: status, headers, isBase64Encoded: false };
  if (typeof body === "string" && body.length <= Math.min(lambdaTextCharsMax, bytesMax)) {
    return { statusCode: status, headers, body, isBase64Encoded: false };
  }
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : Buffer.concat(body);
  if (bytes.byteLength > bytesMax) throw answerTooLarge(bytesMax);
  return { statusCode: status, headers, body: bytes.toString("base64"), isBase64Encoded: true };
}

/** Whether text takes more bytes than the transport can carry. */
export function isTooLarge(body: string, bytesMax: number): boolean {
  return body.length > bytesMax || (body.length * 3 > bytesMax && Buffer.byteLength(body, "utf8") > bytesMax);
}

export function answerTooLarge(bytesMax: number): ServiceError {
  return new ServiceError("MESSAGE_TOO_LARGE", `The answer would be larger than the ${bytesMax} bytes that fit here`, {
    details: { answerBytesMax: bytesMax },
  });
}
