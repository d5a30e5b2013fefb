import { DecompressionError } from "../record/compression-type.ts";

/** A match that is shorter would not pay for its offset. */
const matchBytesMin = 4;
/** The format's rules: a block ends with 5 literals, and its last match starts 12 bytes before its end or earlier. */
const lastLiteralBytes = 5;
const matchStartMargin = 12;
const hashBits = 13;
/** After each 2^6 failures in a row the search takes a larger step, so that random bytes pass quickly. */
const skipBits = 6;
/** Shorter copies are made byte by byte: the call costs more. */
const loopCopyBytesMax = 32;

/** Largest block that `compressLz4Block` takes: positions in it are kept in 16 bits. */
export const lz4EncodedBlockBytesMax = 65_536;

/** Most bytes that the compressed form of `length` bytes takes. */
export function lz4BlockBound(length: number): number {
  return length + Math.floor(length / 255) + 16;
}

/** Most bytes that `length` bytes of a compressed block can stand for: each byte adds at most 255 to a match. */
export function lz4BlockOutputMax(length: number): number {
  return length * 255;
}

/**
 * Compresses `source` from `start` to before `end`, at most 64 KiB, as one LZ4 block into `target` at `at`, which must have
 * `lz4BlockBound` bytes there; returns where the block ends. Greedy search over a hash of 4 bytes, as LZ4's own fast mode
 * (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md).
 */
export function compressLz4Block(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const positions = new Uint16Array(1 << hashBits);
  const searchEnd = end - matchStartMargin;
  const matchEnd = end - lastLiteralBytes;
  let literals = start;
  let out = at;
  let position = start + 1;
  let misses = 1 << skipBits;
  while (position <= searchEnd) {
    const word = view.getInt32(position, true);
    const slot = Math.imul(word, 0x9e37_79b1) >>> (32 - hashBits);
    let candidate = start + (positions[slot] as number);
    positions[slot] = position - start;
    if (view.getInt32(candidate, true) !== word || candidate === position) {
      position += misses >>> skipBits;
      misses += 1;
      continue;
    }
    misses = 1 << skipBits;
    while (position > literals && candidate > start && source[position - 1] === source[candidate - 1]) {
      position -= 1;
      candidate -= 1;
    }
    let matched = position + matchBytesMin;
    const distance = position - candidate;
    while (matched < matchEnd && source[matched] === source[matched - distance]) matched += 1;
    out = writeLiterals(source, literals, position, target, out, matched - position - matchBytesMin);
    target[out++] = distance & 0xff;
    target[out++] = distance >>> 8;
    out = writeLength(target, out, matched - position - matchBytesMin);
    position = matched;
    literals = matched;
  }
  return writeLiterals(source, literals, end, target, out, 0);
}

/** Writes a sequence's token, the rest of its literals' length, and the literals. */
function writeLiterals(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  matchExtra: number,
): number {
  const length = end - start;
  target[at] = (Math.min(length, 15) << 4) | Math.min(matchExtra, 15);
  const out = writeLength(target, at + 1, length);
  if (length > loopCopyBytesMax) target.set(source.subarray(start, end), out);
  else for (let index = 0; index < length; index += 1) target[out + index] = source[start + index] as number;
  return out + length;
}

/** Writes what of a length does not fit the token's 4 bits. */
function writeLength(target: Uint8Array, at: number, length: number): number {
  if (length < 15) return at;
  let out = at;
  let rest = length - 15;
  for (; rest >= 255; rest -= 255) target[out++] = 255;
  target[out++] = rest;
  return out;
}

/**
 * Decompresses the block from `start` to before `end` of `source` into `target` at `at`; returns where its output ends,
 * or -1 if that would be beyond `limit`. Matches may reach back to `windowStart` of `target`.
 * @throws DecompressionError with kind "corrupt"
 */
export function decompressLz4Block(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  limit: number,
  windowStart: number,
): number {
  let position = start;
  let out = at;
  while (position < end) {
    const token = source[position++] as number;
    let literals = token >>> 4;
    if (literals === 15) {
      let extra = 255;
      while (extra === 255 && position < end) {
        extra = source[position++] as number;
        literals += extra;
      }
    }
    if (literals > end - position) throw corrupt("literals run over the block's end");
    if (literals > limit - out) return -1;
    if (literals > loopCopyBytesMax) target.set(source.subarray(position, position + literals), out);
    else for (let index = 0; index < literals; index += 1) target[out + index] = source[position + index] as number;
    position += literals;
    out += literals;
    if (position === end) return out;

    if (end - position < 2) throw corrupt("offset is cut off");
    const distance = (source[position] as number) | ((source[position + 1] as number) << 8);
    position += 2;
    if (distance === 0 || distance > out - windowStart) throw corrupt(`match reaches back ${distance} bytes`);
    let length = token & 15;
    if (length === 15) {
      let extra = 255;
      while (extra === 255 && position < end) {
        extra = source[position++] as number;
        length += extra;
      }
    }
    length += matchBytesMin;
    if (length > limit - out) return -1;
    out = copyMatch(target, out, distance, length);
  }
  throw corrupt("block does not end with literals");
}

function copyMatch(target: Uint8Array, at: number, distance: number, length: number): number {
  const end = at + length;
  if (length <= loopCopyBytesMax) {
    for (let out = at; out < end; out += 1) target[out] = target[out - distance] as number;
    return end;
  }
  // A match longer than its distance repeats itself: what was copied doubles with each step.
  let copied = Math.min(distance, length);
  target.copyWithin(at, at - distance, at - distance + copied);
  while (copied < length) {
    const step = Math.min(copied, length - copied);
    target.copyWithin(at + copied, at, at + step);
    copied += step;
  }
  return end;
}

function corrupt(message: string): DecompressionError {
  return new DecompressionError("corrupt", `lz4: ${message}`);
}
