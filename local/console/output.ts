import { once } from "node:events";
import type { Writable } from "node:stream";

/** The reader of our output went away: `| head` has seen enough. */
export class OutputClosedError extends Error {
  override readonly name = "OutputClosedError";
}

/** Writes to a stream, no faster than it is read. */
export class Output {
  readonly #stream: Writable;
  readonly #closed = new AbortController();

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      this.#closed.abort(error.code === "EPIPE" ? new OutputClosedError("the output was closed") : error);
    });
  }

  /** Aborts when the output can be written no more. */
  get signal(): AbortSignal {
    return this.#closed.signal;
  }

  /** @throws OutputClosedError if nobody reads any more */
  async write(bytes: Uint8Array | string): Promise<void> {
    this.#closed.signal.throwIfAborted();
    if (this.#stream.write(bytes)) return;
    try {
      await once(this.#stream, "drain", { signal: this.#closed.signal });
    } catch (error) {
      this.#closed.signal.throwIfAborted();
      throw error;
    }
  }
}
