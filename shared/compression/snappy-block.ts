import { DecompressionError } from "../record/compression-type.ts";

/**
 * Raw Snappy blocks (https://github.com/google/snappy/blob/main/format_description.txt). Only reading is here:
 * snappyjs's own reader never ends on a literal whose 4-byte length is negative as an i32, and does not notice output
 * that is shorter or longer than announced.
 */

/** A copy of 3 bytes yields at most 64. */
const expansionMax = 64;
/** Shorter copies are made byte by byte: the call costs more. */
const loopCopyBytesMax = 32;

/**
 * The uncompressed length that a block announces, which its size can really yield.
 * @throws DecompressionError with kind "corrupt"
 */
export function snappyBlockLength(block: Uint8Array): number {
  const length = readPreamble(block).length;
  if (length > block.length * expansionMax) throw corrupt(`${length} bytes announced by ${block.length}`);
  return length;
}

/**
 * Decompresses a block into `target` at `at`, where what it announces must fit; returns where its output ends.
 * @throws DecompressionError with kind "corrupt"
 */
export function decompressSnappyBlock(block: Uint8Array, target: Uint8Array, at: number): number {
  const { length, end: preambleEnd } = readPreamble(block);
  const limit = at + length;
  const end = block.length;
  let position = preambleEnd;
  let out = at;
  while (position < end) {
    const tag = block[position++] as number;
    if ((tag & 3) === 0) {
      let literals = (tag >>> 2) + 1;
      if (literals > 60) {
        const lengthBytes = literals - 60;
        if (lengthBytes > end - position) throw corrupt("literal's length is cut off");
        literals = littleEndian(block, position, lengthBytes) + 1;
        position += lengthBytes;
      }
      if (literals > end - position || literals > limit - out) throw corrupt(`literal of ${literals} bytes`);
      if (literals > loopCopyBytesMax) target.set(block.subarray(position, position + literals), out);
      else for (let index = 0; index < literals; index += 1) target[out + index] = block[position + index] as number;
      position += literals;
      out += literals;
    } else {
      const offsetBytes = (tag & 3) === 3 ? 4 : tag & 3;
      if (offsetBytes > end - position) throw corrupt("offset is cut off");
      const isShort = offsetBytes === 1;
      const copied = isShort ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
      const distance = littleEndian(block, position, offsetBytes) + (isShort ? (tag >>> 5) << 8 : 0);
      position += offsetBytes;
      if (distance === 0 || distance > out - at || copied > limit - out) {
        throw corrupt(`copy of ${copied} bytes from ${distance} back`);
      }
      for (const copyEnd = out + copied; out < copyEnd; out += 1) target[out] = target[out - distance] as number;
    }
  }
  if (out !== limit) throw corrupt(`${out - at} bytes where ${length} were announced`);
  return out;
}

function readPreamble(block: Uint8Array): { length: number; end: number } {
  let length = 0;
  for (let index = 0; index < 5 && index < block.length; index += 1) {
    const byte = block[index] as number;
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { length, end: index + 1 };
  }
  throw corrupt("no uncompressed length");
}

function littleEndian(bytes: Uint8Array, at: number, length: number): number {
  let value = bytes[at] as number;
  if (length > 1) value |= (bytes[at + 1] as number) << 8;
  if (length > 2) value |= (bytes[at + 2] as number) << 16;
  if (length > 3) value |= (bytes[at + 3] as number) << 24;
  return value >>> 0;
}

function corrupt(message: string): DecompressionError {
  return new DecompressionError("corrupt", `snappy: ${message}`);
}
