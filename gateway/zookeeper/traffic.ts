/** What came and went, and how long answers took: of one connection, or of all of them (`ServerStats`). */
export class Traffic {
  received = 0;
  sent = 0;
  #count = 0;
  #sumMs = 0;
  #minMs = Infinity;
  #maxMs = 0;
  #lastMs = 0;

  answered(ms: number): void {
    this.#count += 1;
    this.#sumMs += ms;
    this.#lastMs = ms;
    if (ms < this.#minMs) this.#minMs = ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** In milliseconds; 0 where nothing was answered. */
  get latency(): { readonly min: number; readonly avg: number; readonly max: number; readonly last: number } {
    const isNone = this.#count === 0;
    return {
      min: isNone ? 0 : Math.floor(this.#minMs),
      avg: isNone ? 0 : this.#sumMs / this.#count,
      max: Math.floor(this.#maxMs),
      last: Math.floor(this.#lastMs),
    };
  }
}
