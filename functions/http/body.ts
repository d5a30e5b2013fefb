import { ServiceError } from "../../shared/api/errors.ts";
import { requestBodyBytesMax } from "../../shared/limits.ts";
import type { HttpEvent, RequestBody } from "./event.ts";
import { invalidRequest } from "./invalid-request.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** @throws ServiceError MESSAGE_TOO_LARGE (details: bytesMax) */
export function checkBodyLength(lengthBytes: number, bytesMax: number): void {
  if (lengthBytes > bytesMax) {
    throw new ServiceError("MESSAGE_TOO_LARGE", `A body may have ${bytesMax} bytes; this one has more`, {
      details: { bytesMax },
    });
  }
}

/** The body of an event, however it came. @throws ServiceError MESSAGE_TOO_LARGE */
export function readBody(event: HttpEvent): RequestBody {
  if (event.direct !== undefined) {
    const bytes = event.direct.body;
    if (bytes === undefined || bytes.byteLength === 0) return { kind: "none" };
    checkBodyLength(bytes.byteLength, requestBodyBytesMax);
    return { kind: "bytes", bytes };
  }
  if (event.body === undefined || event.body === "") return { kind: "none" };
  if (event.isBase64Encoded) {
    const bytes = Buffer.from(event.body, "base64");
    checkBodyLength(bytes.byteLength, requestBodyBytesMax);
    return { kind: "bytes", bytes };
  }
  checkBodyLength(event.body.length, requestBodyBytesMax);
  return { kind: "text", text: event.body };
}

/** @throws ServiceError INVALID_REQUEST where the body is missing, not UTF-8 or not JSON; MESSAGE_TOO_LARGE */
export function jsonOf(body: RequestBody, bytesMax: number): unknown {
  if (body.kind === "none") throw invalidRequest("body", "", "is missing");
  checkBodyLength(body.kind === "text" ? body.text.length : body.bytes.byteLength, bytesMax);
  try {
    return JSON.parse(body.kind === "text" ? body.text : utf8.decode(body.bytes)) as unknown;
  } catch (error) {
    const reason = error instanceof SyntaxError ? "not valid JSON" : "not UTF-8";
    throw new ServiceError("INVALID_REQUEST", `The body is ${reason}`, {
      details: { in: "body", field: "" },
      cause: error,
    });
  }
}

/** A body that must be bytes; text from a gateway that did not know better stands for its UTF-8 bytes. */
export function bytesOf(body: RequestBody): Uint8Array {
  if (body.kind === "none") throw invalidRequest("body", "", "is missing");
  return body.kind === "bytes" ? body.bytes : Buffer.from(body.text, "utf8");
}
