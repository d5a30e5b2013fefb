import { ServiceError } from "../../shared/api/errors.ts";
import { jsonMediaType, recordBatchMediaType } from "../../shared/api/routes.ts";
import type { HttpEvent } from "./event.ts";

export type MediaKind = "json" | "batches";

const mediaTypes: Readonly<Record<MediaKind, string>> = { json: jsonMediaType, batches: recordBatchMediaType };
/** Ranges of one Accept header that are looked at; browsers send fewer than ten. */
const acceptRangesMax = 32;

/** One header's value; a header that must not repeat and does is taken as its first. */
export function headerValue(headers: HttpEvent["headers"], name: string): string | undefined {
  const value = headers[name];
  return typeof value === "object" ? value[0] : value;
}

/**
 * What a request's body is. A body must say its type: a page in a browser can then not write to a local server without
 * asking first, because the types that need no asking (CORS) are not among ours.
 *
 * @throws ServiceError UNSUPPORTED_MEDIA_TYPE (details: accept) for another type, charset or content coding
 */
export function contentKind(headers: HttpEvent["headers"], kinds: readonly MediaKind[]): MediaKind {
  const accept = kinds.map((kind) => mediaTypes[kind]);
  const refuse = (problem: string): ServiceError =>
    new ServiceError("UNSUPPORTED_MEDIA_TYPE", `${problem}; send Content-Type: ${accept.join(" or ")}`, {
      details: { accept },
    });
  const coding = headerValue(headers, "content-encoding");
  if (coding !== undefined && coding !== "" && coding.toLowerCase() !== "identity") {
    throw refuse(`A body with Content-Encoding ${coding} is not taken`);
  }
  const contentType = headerValue(headers, "content-type");
  if (contentType === jsonMediaType && kinds.includes("json")) return "json";
  if (contentType === undefined || contentType === "") throw refuse("The body has no type");
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  const kind = kinds.find((candidate) => mediaTypes[candidate] === type.trim());
  if (kind === undefined) throw refuse(`A body of type ${type.trim()} is not taken here`);
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=");
    if (name.trim() === "charset" && !/^"?utf-?8"?$/.test(value.trim())) throw refuse("JSON is always in UTF-8");
  }
  return kind;
}

/**
 * What a client wants back: the acceptable type with the highest q, the more specific range deciding its q (RFC 9110
 * section 12.5.1); JSON where it does not say or does not mind.
 *
 * @throws ServiceError NOT_ACCEPTABLE (details: available)
 */
export function acceptedKind(headers: HttpEvent["headers"]): MediaKind {
  const accept = headerValue(headers, "accept");
  if (accept === undefined || accept === "" || accept === "*/*" || accept === jsonMediaType) return "json";
  if (accept === recordBatchMediaType) return "batches";
  const ranges = accept.toLowerCase().split(",", acceptRangesMax).map(parseRange);
  const json = quality(ranges, jsonMediaType);
  const batches = quality(ranges, recordBatchMediaType);
  if (json === 0 && batches === 0) {
    throw new ServiceError("NOT_ACCEPTABLE", `This is answered as ${jsonMediaType} or ${recordBatchMediaType}`, {
      details: { available: [jsonMediaType, recordBatchMediaType] },
    });
  }
  return batches > json ? "batches" : "json";
}

interface MediaRange {
  readonly range: string;
  readonly quality: number;
}

function parseRange(text: string): MediaRange {
  const [range = "", ...parameters] = text.split(";");
  let quality = 1;
  for (const parameter of parameters) {
    const [name = "", value = ""] = parameter.split("=");
    if (name.trim() === "q") quality = Number(value.trim());
  }
  return { range: range.trim(), quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

function quality(ranges: readonly MediaRange[], mediaType: string): number {
  for (const candidate of [mediaType, "application/*", "*/*"]) {
    const found = ranges.find(({ range }) => range === candidate);
    if (found !== undefined) return found.quality;
  }
  return 0;
}
