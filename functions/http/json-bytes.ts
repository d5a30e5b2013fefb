/** Bytes in JSON: a string for its UTF-8 bytes, an object with base64 for any. */
import { isUtf8 } from "node:buffer";
import type { EncodedBytes } from "../../shared/api/schemas/common.ts";

/** Bytes that are valid UTF-8 as a string, others as base64. */
export function encodedBytes(bytes: Uint8Array | null): EncodedBytes | null {
  if (bytes === null) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? buffer.toString("utf8") : { base64: buffer.toString("base64") };
}

/** Bytes that a schema has checked. */
export function decodedBytes(encoded: EncodedBytes | null): Uint8Array | null {
  if (encoded === null) return null;
  return typeof encoded === "string" ? Buffer.from(encoded, "utf8") : Buffer.from(encoded.base64, "base64");
}
