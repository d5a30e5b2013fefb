const usMax = 2_000_000;

/** Counts latencies by the microsecond; what took longer than two seconds counts as that. */
export class Latencies {
  readonly #counts = new Uint32Array(usMax + 1);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    const us = Math.min(Math.round(ms * 1_000), usMax);
    this.#counts[us] = (this.#counts[us] ?? 0) + 1;
    this.#count += 1;
  }

  /** In microseconds; the smallest that at least this share of all did not exceed. 0 if there is none. */
  quantile(share: number): number {
    const wanted = Math.ceil(this.#count * share);
    let [us, count] = [0, this.#counts[0] ?? 0];
    while (count < wanted && us < usMax) count += this.#counts[++us] ?? 0;
    return us;
  }
}
