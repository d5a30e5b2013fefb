import { ByteWriter } from "../../../shared/record/byte-writer.ts";

/** From here on bytes are sent from where they are; below, a copy costs less than a piece of its own. */
const copiedBytesMax = 2048;

/** Writes a frame as pieces: what is large is not copied, but stands between what is written around it. */
export class FrameWriter {
  #writer = new ByteWriter();
  readonly #pieces: Uint8Array[] = [];
  #piecesBytes = 0;

  /** Where small values are written. It is another one after `large`. */
  get bytes(): ByteWriter {
    return this.#writer;
  }

  /** Bytes that must not change until the frame is sent. */
  large(bytes: Uint8Array): void {
    if (bytes.length <= copiedBytesMax) {
      this.#writer.raw(bytes);
      return;
    }
    this.#cut();
    this.#pieces.push(bytes);
    this.#piecesBytes += bytes.length;
  }

  /** What `write` writes, behind its length in bytes as an unsigned varint. */
  sized(write: (writer: FrameWriter) => void): void {
    const inner = new FrameWriter();
    write(inner);
    const { pieces, byteLength } = inner.finish();
    this.#writer.unsignedVarint(byteLength);
    for (const piece of pieces) this.large(piece);
  }

  /** The pieces in their order, and how many bytes they are together. */
  finish(): { readonly pieces: readonly Uint8Array[]; readonly byteLength: number } {
    this.#cut();
    return { pieces: this.#pieces, byteLength: this.#piecesBytes };
  }

  #cut(): void {
    if (this.#writer.position === 0) return;
    const written = this.#writer.finish();
    this.#pieces.push(written);
    this.#piecesBytes += written.length;
    this.#writer = new ByteWriter();
  }
}
