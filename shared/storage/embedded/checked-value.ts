/**
 * How a value lies in LMDB:
 *
 *     format, 1 byte | body | CRC-32 of key, format and body, 4 bytes
 *
 * LMDB keeps no checksums, so a value that the disk has changed, or that lies under a wrong key, shows here.
 */
import { crc32 } from "node:zlib";
import { ByteReader } from "../../record/byte-reader.ts";
import { ByteWriter } from "../../record/byte-writer.ts";
import { MalformedBytesError } from "../../record/malformed-bytes-error.ts";
import { StorageCorruptError } from "../errors.ts";

const formatNow = 1;
const checksumBytes = 4;

/** Encodes a value of about `bytes` bytes. */
export function encodeValue(key: Uint8Array, bytes: number, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(bytes + 16);
  writer.u8(formatNow);
  write(writer);
  writer.u32(crc32(writer.finish(), crc32(key)));
  return writer.finish();
}

/**
 * Decodes a value; `read` must read all of it and keep no view of it.
 *
 * @throws StorageCorruptError if the value is not as it was written
 */
export function decodeValue<T>(key: Uint8Array, value: Uint8Array, what: string, read: (reader: ByteReader) => T): T {
  const bodyEnd = value.length - checksumBytes;
  if (bodyEnd < 1) throw new StorageCorruptError(`${what} is cut short`);
  const checksum = new ByteReader(value, bodyEnd).u32();
  if (checksum !== crc32(value.subarray(0, bodyEnd), crc32(key))) {
    throw new StorageCorruptError(`${what} does not match its checksum`);
  }
  try {
    const reader = new ByteReader(value, 0, bodyEnd);
    const format = reader.u8();
    if (format !== formatNow) throw new StorageCorruptError(`${what} has the unknown format ${format}`);
    const decoded = read(reader);
    reader.expectEnd();
    return decoded;
  } catch (cause) {
    if (cause instanceof MalformedBytesError) throw new StorageCorruptError(`${what} does not decode`, { cause });
    throw cause;
  }
}

/** A plain copy, whatever kind of view is given. */
export function copyBytes(view: Uint8Array): Uint8Array {
  return new Uint8Array(view);
}
