/**
 * How an entry lies in LMDB; log id and position are in its key.
 *
 *     flags, 1 byte: 1 blob reference, 2 has an expiry
 *     next - position, varlong | appendedAtMs, varlong | [expiresAtMs, varlong]
 *     attempt, string | meta, bytes
 *     inline payload: bytes to the end        blob reference: key, string | length, varlong
 */
import type { ByteReader } from "../../record/byte-reader.ts";
import type { LogEntry, LogId, Payload } from "../log-store.ts";
import { decodeValue, encodeValue, plainBytes } from "./checked-value.ts";

const blobFlag = 1;
const expiryFlag = 2;

export function encodeEntry(key: Uint8Array, entry: LogEntry): Buffer {
  const { payload, expiresAtMs } = entry;
  const payloadBytes = payload.kind === "inline" ? payload.bytes.length : payload.key.length + 16;
  return encodeValue(key, entry.meta.length + payloadBytes + 64, (writer) => {
    writer.u8((payload.kind === "blob" ? blobFlag : 0) | (expiresAtMs === undefined ? 0 : expiryFlag));
    writer.unsignedVarlongSafe(entry.next - entry.position);
    writer.unsignedVarlongSafe(entry.appendedAtMs);
    if (expiresAtMs !== undefined) writer.unsignedVarlongSafe(expiresAtMs);
    writer.prefixedString(entry.attempt);
    writer.prefixedBytes(entry.meta);
    if (payload.kind === "inline") {
      writer.raw(payload.bytes);
    } else {
      writer.prefixedString(payload.key);
      writer.unsignedVarlongSafe(payload.lengthBytes);
    }
  });
}

/** @throws StorageCorruptError if the value is not as it was written, or not under this key */
export function decodeEntry(logId: LogId, position: number, key: Uint8Array, value: Uint8Array): LogEntry {
  return decodeValue(key, value, `entry ${logId}@${position}`, (reader) => {
    const flags = reader.u8();
    const next = position + reader.unsignedVarlongSafe();
    const appendedAtMs = reader.unsignedVarlongSafe();
    const expiry = (flags & expiryFlag) === 0 ? {} : { expiresAtMs: reader.unsignedVarlongSafe() };
    const attempt = reader.prefixedString();
    const meta = plainBytes(reader, reader.unsignedVarint());
    const payload = readPayload(reader, flags);
    return { logId, position, next, attempt, appendedAtMs, meta, payload, ...expiry };
  });
}

function readPayload(reader: ByteReader, flags: number): Payload {
  if ((flags & blobFlag) === 0) return { kind: "inline", bytes: plainBytes(reader, reader.remaining) };
  return { kind: "blob", key: reader.prefixedString(), lengthBytes: reader.unsignedVarlongSafe() };
}
