const utf8 = new TextEncoder();

const capacityDefaultBytes = 256;
/** Longest text that is encoded character by character: below it, the call into TextEncoder costs more than the work. */
const asciiLoopCharsMax = 40;
const two32 = 0x1_0000_0000;

/**
 * Writes big-endian numbers, Kafka's variable-length integers and length-prefixed data to a buffer that grows. Every
 * method throws `RangeError`, and writes nothing, for a value that the format cannot hold.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #position = 0;

  constructor(capacityBytes: number = capacityDefaultBytes) {
    this.#bytes = new Uint8Array(Math.max(capacityBytes, 16));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get position(): number {
    return this.#position;
  }

  /** A view of what was written; it stays valid, but a later `reset` or write before its end shows through. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#position);
  }

  /** Goes back to `position`, dropping what was written after it; the buffer is used again. */
  reset(position = 0): void {
    if (!(position >= 0 && position <= this.#position)) {
      throw new RangeError(`position ${position} is outside of ${this.#position} bytes`);
    }
    this.#position = position;
  }

  /** Leaves `length` zero bytes, to be set later by the `set` methods, and returns their position. */
  reserve(length: number): number {
    const at = this.#grow(length);
    this.#bytes.fill(0, at, at + length);
    return at;
  }

  /** Overwrites an i32 that was written or reserved at `position`. */
  setI32(position: number, value: number): void {
    checkSigned(value, 32);
    this.#checkWritten(position, 4);
    this.#view.setInt32(position, value);
  }

  /** Overwrites a u32 that was written or reserved at `position`. */
  setU32(position: number, value: number): void {
    checkUnsigned(value, 32);
    this.#checkWritten(position, 4);
    this.#view.setUint32(position, value);
  }

  i8(value: number): void {
    checkSigned(value, 8);
    const at = this.#grow(1);
    this.#view.setInt8(at, value);
  }

  u8(value: number): void {
    checkUnsigned(value, 8);
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
  }

  i16(value: number): void {
    checkSigned(value, 16);
    const at = this.#grow(2);
    this.#view.setInt16(at, value);
  }

  u16(value: number): void {
    checkUnsigned(value, 16);
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
  }

  i32(value: number): void {
    checkSigned(value, 32);
    const at = this.#grow(4);
    this.#view.setInt32(at, value);
  }

  u32(value: number): void {
    checkUnsigned(value, 32);
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
  }

  i64(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} does not fit i64`);
    const at = this.#grow(8);
    this.#view.setBigInt64(at, value);
  }

  /** An i64 from a whole number, -(2^53-1) .. 2^53-1. */
  i64Safe(value: number): void {
    checkSafe(value);
    const at = this.#grow(8);
    this.#view.setInt32(at, Math.floor(value / two32));
    this.#view.setUint32(at + 4, value >>> 0);
  }

  f64(value: number): void {
    const at = this.#grow(8);
    this.#view.setFloat64(at, value);
  }

  /** One byte, 0 or 1. */
  boolean(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  /** An unsigned LEB128 number, 0 .. 2^32-1. */
  unsignedVarint(value: number): void {
    checkUnsigned(value, 32);
    let at = this.#grow(5);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[at++] = rest;
    this.#position = at;
  }

  /** An unsigned LEB128 number, 0 .. 2^53-1. */
  unsignedVarlongSafe(value: number): void {
    checkSafe(value);
    if (value < 0) throw new RangeError(`${value} is negative`);
    let at = this.#grow(8);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[at++] = rest;
    this.#position = at;
  }

  /** A zigzag varint, -2^31 .. 2^31-1. */
  varint(value: number): void {
    checkSigned(value, 32);
    this.unsignedVarint(((value << 1) ^ (value >> 31)) >>> 0);
  }

  /** A zigzag varlong, -2^63 .. 2^63-1. */
  varlong(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) throw new RangeError(`${value} does not fit a varlong`);
    let at = this.#grow(10);
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest > 0x7fn) {
      this.#bytes[at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[at++] = Number(rest);
    this.#position = at;
  }

  /** A zigzag varlong from a whole number, -(2^53-1) .. 2^53-1. */
  varlongSafe(value: number): void {
    if (value === value >> 0) {
      this.varint(value);
      return;
    }
    checkSafe(value);
    this.varlong(BigInt(value));
  }

  /** The bytes as they are. */
  raw(bytes: Uint8Array): void {
    // After #grow: the writer's own buffer may be what is appended to itself.
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Bytes behind their length as an unsigned varint. */
  prefixedBytes(bytes: Uint8Array): void {
    this.unsignedVarint(bytes.length);
    this.raw(bytes);
  }

  /** Bytes behind their length + 1 as an unsigned varint, or 0 for null. */
  nullablePrefixedBytes(bytes: Uint8Array | null): void {
    this.unsignedVarint(bytes === null ? 0 : bytes.length + 1);
    if (bytes !== null) this.raw(bytes);
  }

  /** UTF-8 without a length; returns its length in bytes. `RangeError` if the text holds half a surrogate pair. */
  text(text: string): number {
    const { length } = text;
    if (length <= asciiLoopCharsMax) {
      const at = this.#grow(length);
      let index = 0;
      for (; index < length; index += 1) {
        const code = text.charCodeAt(index);
        if (code >= 0x80) break;
        this.#bytes[at + index] = code;
      }
      if (index === length) return length;
      this.#position = at;
    }
    if (!text.isWellFormed()) throw new RangeError("text holds half a surrogate pair, which UTF-8 cannot");
    const at = this.#grow(length * 3);
    const { written } = utf8.encodeInto(text, this.#bytes.subarray(at));
    this.#position = at + written;
    return written;
  }

  /** UTF-8 behind its length in bytes as an unsigned varint. */
  prefixedString(text: string): void {
    this.#textBehindLength(text, 0);
  }

  /** UTF-8 behind its length in bytes + 1 as an unsigned varint, or 0 for null. */
  nullablePrefixedString(text: string | null): void {
    if (text === null) this.unsignedVarint(0);
    else this.#textBehindLength(text, 1);
  }

  #textBehindLength(text: string, added: number): void {
    const start = this.#position;
    // Right unless the text is long or not ASCII; then the text moves by the difference.
    this.unsignedVarint(text.length + added);
    const textStart = this.#position;
    const length = this.#textOrRollback(text, start);
    if (length === text.length) return;
    this.#position = start;
    this.unsignedVarint(length + added);
    const moved = this.#position;
    if (moved === textStart) {
      this.#position = textStart + length;
      return;
    }
    const encoded = this.#bytes.slice(textStart, textStart + length);
    this.#position = moved;
    this.raw(encoded);
  }

  #textOrRollback(text: string, start: number): number {
    try {
      return this.text(text);
    } catch (cause) {
      this.#position = start;
      throw cause;
    }
  }

  #checkWritten(position: number, length: number): void {
    if (!(position >= 0 && position + length <= this.#position)) {
      throw new RangeError(`nothing was written at ${position}`);
    }
  }

  /** Makes room for `length` bytes, moves the position over them and returns where they start. */
  #grow(length: number): number {
    const at = this.#position;
    const needed = at + length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#position = needed;
    return at;
  }
}

function checkSigned(value: number, bits: 8 | 16 | 32): void {
  if ((value << (32 - bits)) >> (32 - bits) !== value) throw new RangeError(`${value} does not fit i${bits}`);
}

function checkUnsigned(value: number, bits: 8 | 16 | 32): void {
  if ((value << (32 - bits)) >>> (32 - bits) !== value) throw new RangeError(`${value} does not fit u${bits}`);
}

function checkSafe(value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a whole number up to 2^53-1`);
}
