import type { ClientTime } from "../coordination/time.ts";

/** A signal that aborts after a time, or with others; to be disposed of when nobody needs it any more. */
export class Deadline implements Disposable {
  readonly #over = new AbortController();
  readonly #others: readonly AbortSignal[];
  readonly #onAbort = (): void => this.#over.abort();

  constructor(time: ClientTime, ms: number, ...others: readonly AbortSignal[]) {
    this.#others = others;
    for (const other of others) {
      if (other.aborted) this.#over.abort();
      other.addEventListener("abort", this.#onAbort, { once: true });
    }
    if (!this.#over.signal.aborted) void time.sleep(ms, this.#over.signal).then(this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  [Symbol.dispose](): void {
    for (const other of this.#others) other.removeEventListener("abort", this.#onAbort);
    this.#over.abort();
  }
}
