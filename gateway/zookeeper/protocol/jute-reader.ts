/** Reads jute, ZooKeeper's serialization: big-endian numbers, a length before text and bytes, -1 where there is nothing. */
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";

export class JuteReader {
  readonly #bytes: Buffer;
  #at: number;

  /** @param bytes are not copied: what is read may be a view of them */
  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  int(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  long(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }

  /** A long as a number; what is beyond 2^53-1 becomes the nearest that is not. */
  clampedLong(): number {
    const at = this.#take(8);
    const value = this.#bytes.readInt32BE(at) * 0x1_0000_0000 + this.#bytes.readUInt32BE(at + 4);
    return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
  }

  bool(): boolean {
    return this.#bytes[this.#take(1)] !== 0;
  }

  /** A view; null for a length of -1. */
  buffer(): Uint8Array | null {
    const length = this.int();
    if (length === -1) return null;
    if (length < 0) throw new MalformedBytesError(`${length} bytes`);
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Null for a length of -1; what is not UTF-8 becomes U+FFFD. */
  text(): string | null {
    const length = this.int();
    if (length === -1) return null;
    if (length < 0) throw new MalformedBytesError(`text of ${length} bytes`);
    const at = this.#take(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** How many items follow, 0 for none or null. @param itemBytesMin bytes that each of them has at least */
  count(itemBytesMin: number): number {
    const count = this.int();
    if (count < -1 || count * itemBytesMin > this.left) throw new MalformedBytesError(`${count} items`);
    return Math.max(0, count);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw new MalformedBytesError("the bytes end too early");
    this.#at = at + length;
    return at;
  }
}
