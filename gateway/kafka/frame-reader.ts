/** Cuts what a socket gives into frames: each a length, i32, and that many bytes. */

/** A frame that no client may send: the connection cannot go on. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

const lengthBytes = 4;

export class FrameReader {
  /** What is there of the next frame, its length included. */
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** Bytes that wait for the rest of their frame. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  /**
   * Frames that are whole now, without their lengths. A frame inside one chunk is a view of it; others are copied once.
   *
   * @throws FrameError for a length below 1 or above `bytesMax`
   */
  *push(chunk: Uint8Array, bytesMax: () => number): Generator<Uint8Array, void> {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= lengthBytes) {
      const length = this.#peekLength();
      const max = bytesMax();
      if (length < 1 || length > max) throw new FrameError(`frame of ${length} bytes, ${max} allowed`);
      if (this.#bytes < lengthBytes + length) return;
      yield this.#take(lengthBytes + length).subarray(lengthBytes);
    }
  }

  #peekLength(): number {
    const [first] = this.#chunks;
    if (first === undefined || first.length < lengthBytes) this.#join();
    const [head] = this.#chunks;
    if (head === undefined) return 0;
    return new DataView(head.buffer, head.byteOffset, head.byteLength).getInt32(0);
  }

  #take(length: number): Uint8Array {
    const [first] = this.#chunks;
    if (first === undefined || first.length < length) this.#join();
    const [whole = new Uint8Array()] = this.#chunks;
    const rest = whole.subarray(length);
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#bytes -= length;
    return whole.subarray(0, length);
  }

  #join(): void {
    this.#chunks = [Buffer.concat(this.#chunks, this.#bytes)];
  }
}
