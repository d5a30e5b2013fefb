import type { EncodedBytes } from "../shared/api/schemas/common.ts";

/** A key, a value or a header's value: text stands for its UTF-8 bytes. */
export type RecordBytes = string | Uint8Array;

/** Bytes as JSON carries them. */
function toWire(bytes: RecordBytes): EncodedBytes {
  if (typeof bytes === "string") return bytes;
  const { buffer, byteOffset, byteLength } = bytes;
  return { base64: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
}

/** As `toWire`, of what may be null. */
export function toWireOrNull(bytes: RecordBytes | null): EncodedBytes | null {
  return bytes === null ? null : toWire(bytes);
}

/** Text where the bytes are UTF-8, else the bytes themselves. */
export function fromWireOrNull(bytes: EncodedBytes | null): RecordBytes | null {
  if (bytes === null || typeof bytes === "string") return bytes;
  return Buffer.from(bytes.base64, "base64");
}
