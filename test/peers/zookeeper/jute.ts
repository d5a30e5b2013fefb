/** Jute, ZooKeeper's serialization: big-endian numbers, length before text and bytes, -1 for null. */
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();

export class JuteWriter {
  readonly #parts: Uint8Array[] = [];

  int(value: number): this {
    const part = Buffer.alloc(4);
    part.writeInt32BE(value);
    return this.#add(part);
  }

  long(value: bigint): this {
    const part = Buffer.alloc(8);
    part.writeBigInt64BE(value);
    return this.#add(part);
  }

  bool(value: boolean): this {
    return this.#add(Uint8Array.of(value ? 1 : 0));
  }

  buffer(bytes: Uint8Array | null): this {
    if (bytes === null) return this.int(-1);
    return this.int(bytes.length).#add(bytes);
  }

  string(text: string): this {
    return this.buffer(utf8.encode(text));
  }

  vector<Item>(items: readonly Item[], write: (out: this, item: Item) => void): this {
    this.int(items.length);
    for (const item of items) write(this, item);
    return this;
  }

  /** With its length in front, as a packet. */
  packet(): Buffer {
    const body = this.bytes();
    const head = Buffer.alloc(4);
    head.writeInt32BE(body.length);
    return Buffer.concat([head, body]);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  /** What another has written. */
  raw(bytes: Uint8Array): this {
    return this.#add(bytes);
  }

  #add(part: Uint8Array): this {
    this.#parts.push(part);
    return this;
  }
}

export class JuteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  long(): bigint {
    this.#at += 8;
    return this.#bytes.readBigInt64BE(this.#at - 8);
  }

  bool(): boolean {
    this.#at += 1;
    return this.#bytes[this.#at - 1] !== 0;
  }

  buffer(): Uint8Array | null {
    const length = this.int();
    if (length < 0) return null;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  string(): string {
    return utf8Decoder.decode(this.buffer() ?? undefined);
  }

  vector<Item>(read: (from: this) => Item): readonly Item[] {
    const count = this.int();
    return Array.from({ length: Math.max(0, count) }, () => read(this));
  }
}
