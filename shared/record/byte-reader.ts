import { MalformedBytesError } from "./malformed-bytes-error.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Longest text that is decoded byte by byte: below it, the call into TextDecoder costs more than the work. */
const asciiLoopBytesMax = 24;
const two27 = 0x800_0000;
const two32 = 0x1_0000_0000;
const safeHighMax = 0x20_0000;

/**
 * Reads big-endian numbers, Kafka's variable-length integers and length-prefixed data from a range of bytes, never
 * outside it. Every method moves `position`, and throws `MalformedBytesError` if the range ends before the value does.
 */
export class ByteReader {
  /** Index in `bytes` of the next byte to read. */
  position: number;
  /** Index in `bytes` after the last byte that may be read. */
  readonly end: number;
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  /** @throws RangeError if the range is not inside `bytes` */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`range ${start} to ${end} is outside of ${bytes.length} bytes`);
    }
    this.bytes = bytes;
    this.position = start;
    this.end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes left to read. */
  get remaining(): number {
    return this.end - this.position;
  }

  /** Moves over `length` bytes. */
  skip(length: number): void {
    this.#take(length);
  }

  /** Checks that everything was read. */
  expectEnd(): void {
    if (this.position !== this.end) throw new MalformedBytesError(`${this.remaining} bytes left over`);
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8));
  }

  /** An i64 as a number; `MalformedBytesError` if it is outside of -(2^53-1) .. 2^53-1. */
  i64Safe(): number {
    const at = this.#take(8);
    const high = this.#view.getInt32(at);
    const value = high * two32 + this.#view.getUint32(at + 4);
    if (high >= safeHighMax || high < -safeHighMax || !Number.isSafeInteger(value)) {
      throw new MalformedBytesError(`number at ${at} is beyond 2^53-1`);
    }
    return value;
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** One byte, 0 or 1; `MalformedBytesError` for any other. */
  boolean(): boolean {
    const value = this.u8();
    if (value > 1) throw new MalformedBytesError(`boolean at ${this.position - 1} is ${value}`);
    return value === 1;
  }

  /** An unsigned LEB128 number, 0 .. 2^32-1, of at most 5 bytes. */
  unsignedVarint(): number {
    const at = this.position;
    if (at < this.end) {
      const first = this.#view.getUint8(at);
      if (first < 0x80) {
        this.position = at + 1;
        return first;
      }
    }
    return this.#unsignedVarintSlow();
  }

  /** An unsigned LEB128 number, 0 .. 2^53-1, of at most 8 bytes. */
  unsignedVarlongSafe(): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < 8; index += 1) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw new MalformedBytesError(`varlong before ${this.position} is beyond 2^53-1`);
  }

  /** A zigzag varint, -2^31 .. 2^31-1. */
  varint(): number {
    const value = this.unsignedVarint();
    return (value >>> 1) ^ -(value & 1);
  }

  /** A zigzag varlong, -2^63 .. 2^63-1, of at most 10 bytes. */
  varlong(): bigint {
    // Most are short: one BigInt for the whole of them, instead of one for each byte.
    const start = this.position;
    let short = 0;
    let scale = 1;
    for (let index = 0; index < 7; index += 1) {
      const byte = this.u8();
      short += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        const half = Math.floor(short / 2);
        return BigInt(short % 2 === 0 ? half : -half - 1);
      }
      scale *= 128;
    }
    this.position = start;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (value >= 1n << 64n) break;
        return (value >> 1n) ^ -(value & 1n);
      }
    }
    throw new MalformedBytesError(`varlong before ${this.position} is beyond 64 bits`);
  }

  /** A zigzag varlong as a number; `MalformedBytesError` if it is outside of -(2^53-1) .. 2^53-1. */
  varlongSafe(): number {
    // The zigzag form has one bit more than a safe number, so it is kept in two halves of 28 bits.
    let low = 0;
    let high = 0;
    for (let index = 0; index < 8; index += 1) {
      const byte = this.u8();
      if (index < 4) low |= (byte & 0x7f) << (7 * index);
      else high |= (byte & 0x7f) << (7 * (index - 4));
      if (byte < 0x80) {
        const half = high * two27 + (low >>> 1);
        const value = (low & 1) === 0 ? half : -half - 1;
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
    }
    throw new MalformedBytesError(`varlong before ${this.position} is beyond 2^53-1`);
  }

  /** A view (not a copy) of the next `length` bytes. */
  view(length: number): Uint8Array {
    const at = this.#take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** A view of bytes behind their length as an unsigned varint. */
  prefixedBytes(): Uint8Array {
    return this.view(this.unsignedVarint());
  }

  /** As `prefixedBytes`, of a value written by `nullablePrefixedBytes`: length + 1, or 0 for null. */
  nullablePrefixedBytes(): Uint8Array | null {
    const lengthPlusOne = this.unsignedVarint();
    return lengthPlusOne === 0 ? null : this.view(lengthPlusOne - 1);
  }

  /** UTF-8 text of `length` bytes; `MalformedBytesError` if it is not UTF-8. */
  text(length: number): string {
    const start = this.#take(length);
    return decodeText(this.bytes, start, start + length);
  }

  /** UTF-8 text behind its length in bytes as an unsigned varint. */
  prefixedString(): string {
    return this.text(this.unsignedVarint());
  }

  /** As `prefixedString`, of a value written by `nullablePrefixedString`. */
  nullablePrefixedString(): string | null {
    const lengthPlusOne = this.unsignedVarint();
    return lengthPlusOne === 0 ? null : this.text(lengthPlusOne - 1);
  }

  #take(length: number): number {
    const at = this.position;
    // Written so that a negative, fractional or NaN length fails as well.
    if (!(length >= 0 && length <= this.end - at)) {
      throw new MalformedBytesError(`${length} bytes wanted at ${at}, ${this.end - at} there`);
    }
    this.position = at + length;
    return at;
  }

  #unsignedVarintSlow(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.u8();
    if (last > 0x0f) throw new MalformedBytesError(`varint before ${this.position} is beyond 32 bits`);
    return (value | (last << 28)) >>> 0;
  }
}

function decodeText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= asciiLoopBytesMax) {
    let text = "";
    let index = start;
    for (; index < end; index += 1) {
      const byte = bytes[index] ?? 0x80;
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    if (index === end) return text;
  }
  try {
    return utf8.decode(bytes.subarray(start, end));
  } catch (cause) {
    throw new MalformedBytesError(`text at ${start} is not UTF-8`, { cause });
  }
}
