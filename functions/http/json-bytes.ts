/** Bytes in JSON: a string for its UTF-8 bytes, an object with base64 for any. */
import { isUtf8 } from "node:buffer";
import type { EncodedBytes } from "../../shared/api/schemas/common.ts";

/** Fewer are never too many for an answer: JSON takes six characters at most for each. */
const alwaysFitBytes = 65_536;

/** Bytes that are valid UTF-8 as a string, others as base64; so are many that JSON would have to escape. */
export function encodedBytes(bytes: Uint8Array | null): EncodedBytes | null {
  if (bytes === null) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isText = isUtf8(buffer) && (buffer.length <= alwaysFitBytes || !growsBeyondBase64(buffer));
  return isText ? buffer.toString("utf8") : { base64: buffer.toString("base64") };
}

function growsBeyondBase64(bytes: Uint8Array): boolean {
  let added = 0;
  for (const byte of bytes) {
    if (byte < 0x20) added += 5;
    else if (byte === 0x22 || byte === 0x5c) added += 1;
  }
  return added > bytes.length / 3;
}

/** Bytes that a schema has checked. */
export function decodedBytes(encoded: EncodedBytes | null): Uint8Array | null {
  if (encoded === null) return null;
  return typeof encoded === "string" ? Buffer.from(encoded, "utf8") : Buffer.from(encoded.base64, "base64");
}
