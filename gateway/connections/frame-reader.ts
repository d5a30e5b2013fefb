/** Cuts what a socket gives into frames: each a length, i32, and that many bytes. */

/** A frame that no client may send: the connection cannot go on. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

const headBytes = 4;
/** What is taken for a frame at first: a client that tells a length and sends nothing holds no more. */
const firstBytes = 16 * 1024;
/** By how much it grows: what is copied again is a third of the frame, and what is not filled three times what is. */
const growth = 4;

const nothing = new Uint8Array();

interface Begun {
  bytes: Uint8Array;
  filled: number;
  readonly length: number;
}

export class FrameReader {
  /** What is given and not taken yet, from the one at `#first` on: to take the first one away from many would move all others. */
  #chunks: Uint8Array[] = [];
  #first = 0;
  #chunksBytes = 0;
  /** A frame that no chunk holds whole. */
  #begun: Begun | undefined;

  /** Bytes of memory that wait for the rest of their frame, or to be taken. */
  get waitingBytes(): number {
    return this.#chunksBytes + (this.#begun?.bytes.length ?? 0);
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#chunksBytes += chunk.length;
  }

  /**
   * The length of the frame that comes next; undefined where it is not told yet.
   *
   * @throws FrameError for a length below 1 or above `bytesMax`
   */
  nextLength(bytesMax: number): number | undefined {
    if (this.#begun !== undefined) return this.#begun.length;
    const length = this.#head();
    if (length !== undefined && (length < 1 || length > bytesMax)) {
      throw new FrameError(`frame of ${length} bytes, ${bytesMax} allowed`);
    }
    return length;
  }

  /**
   * The next frame without its length, if it is whole. One inside a chunk is a view of it; others are copied.
   *
   * @throws FrameError for a length below 1 or above `bytesMax`
   */
  next(bytesMax: number): Uint8Array | undefined {
    const length = this.nextLength(bytesMax);
    if (length === undefined) return undefined;
    if (this.#begun === undefined) {
      this.#takeHead();
      const first = this.#chunk;
      if (first !== undefined && first.length >= length) return this.#take(length);
      this.#begun = { bytes: Buffer.allocUnsafeSlow(Math.min(length, firstBytes)), filled: 0, length };
    }
    return this.#fill(this.#begun);
  }

  #fill(begun: Begun): Uint8Array | undefined {
    for (let chunk = this.#chunk; chunk !== undefined; chunk = this.#chunk) {
      const part = this.#take(Math.min(chunk.length, begun.length - begun.filled));
      const needed = begun.filled + part.length;
      if (needed > begun.bytes.length) begun.bytes = grown(begun, needed);
      begun.bytes.set(part, begun.filled);
      begun.filled = needed;
      if (begun.filled < begun.length) continue;
      this.#begun = undefined;
      return begun.bytes;
    }
    return undefined;
  }

  #head(): number | undefined {
    if (this.#chunksBytes < headBytes) return undefined;
    let value = 0;
    let left = headBytes;
    for (let at = this.#first; at < this.#chunks.length; at += 1) {
      for (const byte of this.#chunks[at]?.subarray(0, left) ?? []) {
        value = (value << 8) | byte;
        left -= 1;
      }
      if (left === 0) return value;
    }
    return undefined;
  }

  #takeHead(): void {
    for (let left = headBytes; left > 0;) left -= this.#take(Math.min(left, this.#chunk?.length ?? left)).length;
  }

  get #chunk(): Uint8Array | undefined {
    return this.#chunks[this.#first];
  }

  #drop(): void {
    this.#chunks[this.#first] = nothing;
    this.#first += 1;
    if (this.#first * 2 < this.#chunks.length) return;
    this.#chunks = this.#chunks.slice(this.#first);
    this.#first = 0;
  }

  /** @param length at most that of the first chunk */
  #take(length: number): Uint8Array {
    const first = this.#chunk ?? new Uint8Array();
    if (length < first.length) this.#chunks[this.#first] = first.subarray(length);
    else this.#drop();
    this.#chunksBytes -= length;
    return first.subarray(0, length);
  }
}

function grown({ bytes, filled, length }: Begun, needed: number): Uint8Array {
  const larger = Buffer.allocUnsafeSlow(Math.min(length, Math.max(needed, bytes.length * growth)));
  larger.set(bytes.subarray(0, filled));
  return larger;
}
