/**
 * How a value lies in LMDB:
 *
 *     format, 1 byte | body | CRC-32 of key, format and body, 4 bytes little-endian
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
/** The CRC-32 of anything with its own CRC-32 behind it. */
const crcResidue = 0x2144df1c;

/** Encodes a value of about `bytes` bytes. */
export function encodeValue(key: Uint8Array, bytes: number, write: (writer: ByteWriter) => void): Buffer {
  const writer = new ByteWriter(bytes + 16);
  writer.u8(formatNow);
  write(writer);
  const end = writer.position;
  writer.reserve(checksumBytes);
  const { buffer, byteOffset } = writer.finish();
  const value = Buffer.from(buffer, byteOffset, end + checksumBytes);
  value.writeUInt32LE(crc32(value.subarray(0, end), crc32(key)), end);
  return value;
}

/**
 * Decodes a value; `read` must read all of it.
 *
 * @throws StorageCorruptError if the value is not as it was written
 */
export function decodeValue<T>(key: Uint8Array, value: Uint8Array, what: string, read: (reader: ByteReader) => T): T {
  if (crc32(value, crc32(key)) !== crcResidue) throw new StorageCorruptError(`${what} does not match its checksum`);
  try {
    const reader = new ByteReader(value, 0, value.length - checksumBytes);
    const format = reader.u8();
    if (format !== formatNow) throw new StorageCorruptError(`${what} has the unknown format ${format}`);
    const decoded = read(reader);
    reader.expectEnd();
    return decoded;
  } catch (cause) {
    if (!(cause instanceof MalformedBytesError || cause instanceof RangeError)) throw cause;
    throw new StorageCorruptError(`${what} does not decode`, { cause });
  }
}

/** The next bytes as a plain array. It is a view: lmdb copies each value that it hands out, so nothing else changes it. */
export function plainBytes(reader: ByteReader, length: number): Uint8Array {
  const { buffer, byteOffset } = reader.bytes;
  const start = reader.position;
  reader.skip(length);
  return new Uint8Array(buffer, byteOffset + start, length);
}
