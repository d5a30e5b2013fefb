/** When something is due, and where it stands in the queue, which is the queue's to change. */
export interface Due {
  dueAtMs: number;
  place: number;
}

/** What is due first comes first: a binary heap, of which each entry knows its place. */
export class DueQueue<Entry extends Due> {
  readonly #heap: Entry[] = [];

  get first(): Entry | undefined {
    return this.#heap[0];
  }

  add(entry: Entry): void {
    this.#put(entry, this.#heap.length);
    this.#rise(entry);
  }

  /** To a time that is not later. */
  bringForward(entry: Entry, dueAtMs: number): void {
    entry.dueAtMs = dueAtMs;
    this.#rise(entry);
  }

  removeFirst(): Entry | undefined {
    const [first] = this.#heap;
    const last = this.#heap.pop();
    if (last === undefined || last === first) return first;
    this.#put(last, 0);
    this.#sink(last);
    return first;
  }

  clear(): void {
    this.#heap.length = 0;
  }

  #put(entry: Entry, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }

  #rise(entry: Entry): void {
    while (entry.place > 0) {
      const place = (entry.place - 1) >> 1;
      const above = this.#heap[place];
      if (above === undefined || above.dueAtMs <= entry.dueAtMs) return;
      this.#put(above, entry.place);
      this.#put(entry, place);
    }
  }

  #sink(entry: Entry): void {
    for (;;) {
      const left = this.#heap[entry.place * 2 + 1];
      const right = this.#heap[entry.place * 2 + 2];
      const below = right !== undefined && left !== undefined && right.dueAtMs < left.dueAtMs ? right : left;
      if (below === undefined || entry.dueAtMs <= below.dueAtMs) return;
      const { place } = below;
      this.#put(below, entry.place);
      this.#put(entry, place);
    }
  }
}
