/** Writes jute in frames, each behind its length; frames stand in blocks that many of them share. */

/** Small enough to be given up when few bytes of it are still waited for. */
const blockBytes = 32 * 1024;
const headBytes = 4;
/** UTF-8 takes at most 3 bytes for each UTF-16 code unit. */
const bytesPerChar = 3;
const wordSize = 0x1_0000_0000;

export class JuteWriter {
  #block = Buffer.allocUnsafeSlow(blockBytes);
  #start = 0;
  #at = 0;

  /** Begins a frame; what was begun before and not ended is dropped. */
  begin(): this {
    this.#at = this.#start;
    return this.skip(headBytes);
  }

  /** The frame with its length in front. It is nobody else's from now on. */
  end(): Buffer {
    const frame = this.#block.subarray(this.#start, this.#at);
    frame.writeInt32BE(frame.length - headBytes);
    this.#start = this.#at;
    // Else what is small and comes next would keep in memory what is large, as long as its client does not read it.
    if (this.#block.length > blockBytes) this.#renew();
    return frame;
  }

  #renew(): void {
    this.#block = Buffer.allocUnsafeSlow(blockBytes);
    this.#start = 0;
    this.#at = 0;
  }

  int(value: number): this {
    const at = this.#room(4);
    this.#at = this.#block.writeInt32BE(value | 0, at);
    return this;
  }

  long(value: bigint): this {
    const at = this.#room(8);
    this.#at = this.#block.writeBigInt64BE(value, at);
    return this;
  }

  /** A long of a number that is a safe integer. */
  safeLong(value: number): this {
    const at = this.#room(8);
    const high = Math.floor(value / wordSize);
    this.#block.writeInt32BE(high, at);
    this.#at = this.#block.writeUInt32BE(value - high * wordSize, at + 4);
    return this;
  }

  bool(value: boolean): this {
    const at = this.#room(1);
    this.#at = this.#block.writeUInt8(value ? 1 : 0, at);
    return this;
  }

  buffer(bytes: Uint8Array | null): this {
    if (bytes === null) return this.int(-1);
    return this.int(bytes.length).raw(bytes);
  }

  text(text: string | null): this {
    if (text === null) return this.int(-1);
    const at = this.#room(headBytes + text.length * bytesPerChar);
    const length = this.#block.write(text, at + headBytes, "utf8");
    this.#block.writeInt32BE(length, at);
    this.#at = at + headBytes + length;
    return this;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#block.set(bytes, at);
    this.#at = at + bytes.length;
    return this;
  }

  skip(length: number): this {
    this.#room(length);
    this.#at += length;
    return this;
  }

  /**
   * Where `length` bytes can be written, to be asked for before the block is looked at: in another one with what the frame has so far,
   * where this one is full.
   */
  #room(length: number): number {
    if (this.#at + length <= this.#block.length) return this.#at;
    const written = this.#at - this.#start;
    const block = Buffer.allocUnsafeSlow(Math.max(blockBytes, (written + length) * 2));
    block.set(this.#block.subarray(this.#start, this.#at));
    this.#block = block;
    this.#start = 0;
    this.#at = written;
    return written;
  }
}
