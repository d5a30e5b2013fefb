/** Whole numbers of 32 bits, as many as come: millions of them in as little memory as they need. */
export class NumberList {
  #numbers = new Int32Array(1_024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#numbers.length) {
      const larger = new Int32Array(this.#numbers.length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#length] = value;
    this.#length += 1;
  }

  /** A view, good until the next push. */
  values(): Int32Array {
    return this.#numbers.subarray(0, this.#length);
  }
}
