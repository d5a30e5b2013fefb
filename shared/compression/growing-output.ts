import { DecompressionError } from "../record/compression-type.ts";

/** Output of unknown size that grows with what is really written, never beyond a limit. */
export class GrowingOutput {
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the next byte is written. */
  position = 0;
  readonly #bytesMax: number;
  readonly #codec: string;

  constructor(bytesMax: number, codec: string) {
    this.#bytesMax = bytesMax;
    this.#codec = codec;
  }

  /** @throws DecompressionError with kind "too-large" if `length` bytes more do not fit the limit */
  checkRoom(length: number): void {
    if (length > this.#bytesMax - this.position) throw this.tooLarge();
  }

  /** Makes room for `length` bytes, or as many as the limit leaves, and returns where that room ends. */
  reserveUpTo(length: number): number {
    const end = Math.min(this.position + length, this.#bytesMax);
    if (end > this.bytes.length) {
      const grown = new Uint8Array(Math.min(Math.max(end, this.bytes.length * 2), this.#bytesMax));
      grown.set(this.bytes.subarray(0, this.position));
      this.bytes = grown;
    }
    return end;
  }

  /** @throws DecompressionError with kind "too-large" if the bytes do not fit the limit */
  append(source: Uint8Array, start: number, end: number): void {
    this.checkRoom(end - start);
    this.reserveUpTo(end - start);
    this.bytes.set(source.subarray(start, end), this.position);
    this.position += end - start;
  }

  tooLarge(): DecompressionError {
    return new DecompressionError("too-large", `${this.#codec}: more than ${this.#bytesMax} bytes`);
  }

  /** A view of what was written. */
  finish(): Uint8Array {
    return this.bytes.subarray(0, this.position);
  }
}
