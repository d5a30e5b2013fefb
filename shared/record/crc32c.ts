/** Slicing-by-8: table k, at k * 256, holds the CRC of a byte that is followed by k zero bytes. */
const tables = makeTables();

/** Only then do 32-bit loads from an aligned array see the bytes in the order of the CRC. */
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function makeTables(): Int32Array {
  const result = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f6_3b78;
    result[byte] = crc;
  }
  for (let index = 256; index < result.length; index += 1) {
    const shorter = result[index - 256] ?? 0;
    result[index] = (shorter >>> 8) ^ (result[shorter & 0xff] ?? 0);
  }
  return result;
}

/**
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes` from `start` to before `end`, as a u32. `seed` is the CRC of
 * the bytes that came before, so that a checksum can be taken in pieces.
 * @throws RangeError if the range is not inside `bytes`
 */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  if (!(start >= 0 && start <= end && end <= bytes.length)) {
    throw new RangeError(`range ${start} to ${end} is outside of ${bytes.length} bytes`);
  }
  let crc = ~seed;
  let at = start;
  const aligned = start + (-(bytes.byteOffset + start) & 3);
  if (isLittleEndian && end - aligned >= 8) {
    crc = crcOfBytes(crc, bytes, start, aligned);
    const pairs = (end - aligned) >>> 3;
    crc = crcOfPairs(crc, new Int32Array(bytes.buffer, bytes.byteOffset + aligned, pairs * 2));
    at = aligned + pairs * 8;
  }
  return ~crcOfBytes(crc, bytes, at, end) >>> 0;
}

function crcOfBytes(before: number, bytes: Uint8Array, start: number, end: number): number {
  let crc = before;
  for (let index = start; index < end; index += 1) {
    crc = (tables[(crc ^ (bytes[index] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return crc;
}

function crcOfPairs(before: number, words: Int32Array): number {
  let crc = before;
  for (let index = 0; index < words.length; index += 2) {
    const low = crc ^ (words[index] as number);
    const high = words[index + 1] as number;
    crc =
      (tables[1792 + (low & 0xff)] as number) ^
      (tables[1536 + ((low >>> 8) & 0xff)] as number) ^
      (tables[1280 + ((low >>> 16) & 0xff)] as number) ^
      (tables[1024 + (low >>> 24)] as number) ^
      (tables[768 + (high & 0xff)] as number) ^
      (tables[512 + ((high >>> 8) & 0xff)] as number) ^
      (tables[256 + ((high >>> 16) & 0xff)] as number) ^
      (tables[high >>> 24] as number);
  }
  return crc;
}
