/** Passed items that are cut off together, so that taking one costs the same however many wait. */
const passedMin = 1_024;

/** First in, first out. Who puts in bounds it. */
export class Fifo<Item> {
  #items: Item[] = [];
  /** Items before this one have been taken. */
  #next = 0;

  get length(): number {
    return this.#items.length - this.#next;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** The one that is next. */
  peek(): Item | undefined {
    return this.#items[this.#next];
  }

  shift(): Item | undefined {
    const item = this.#items[this.#next];
    if (this.#next < this.#items.length) this.#next += 1;
    if (this.#next >= passedMin && this.#next * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#next = 0;
  }
}
