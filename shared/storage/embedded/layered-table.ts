import type { Database } from "lmdb";
import { nameOf, type PendingWrite, type PendingWrites } from "./pending-writes.ts";

/** Keys between two that share the text before their first 00; in the order of their bytes, or against it. */
export interface TableRange {
  /** Included. */
  readonly start: Uint8Array;
  /** Not included. */
  readonly end: Uint8Array;
  /** From `start` down to `end`. */
  readonly reverse?: boolean;
}

export interface Found {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** What lies over LMDB, the newest first. */
export interface Layers {
  readonly visible: readonly PendingWrites[];
  /** What the decisions that are being made write; undefined while none are. */
  readonly staged: PendingWrites | undefined;
}

interface Candidate {
  readonly name: string;
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
  readonly isPending: boolean;
}

const nothing = new Uint8Array(0);

/**
 * A table of binary keys and values: LMDB's, with what it does not have yet laid over it. What it hands out is a copy, as
 * LMDB's values are.
 */
export class LayeredTable {
  readonly #base: Database<Buffer, Uint8Array>;
  readonly #number: number;
  readonly #layers: Layers;

  constructor(base: Database<Buffer, Uint8Array>, number: number, layers: Layers) {
    this.#base = base;
    this.#number = number;
    this.#layers = layers;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const name = nameOf(key);
    for (const layer of this.#all()) {
      const found = layer.get(this.#number, name);
      if (found !== undefined) return found.value === undefined ? undefined : new Uint8Array(found.value);
    }
    return this.#base.get(key);
  }

  *range(range: TableRange): Generator<Found> {
    const layers = this.#layersIn(range);
    if (layers.length === 0) yield* this.#base.getRange(range);
    else
      for (const { key, value, isPending } of merge(layers, this.#number, range, storedOf(this.#base, range)))
        if (value !== undefined) yield { key, value: isPending ? new Uint8Array(value) : value };
  }

  /** The keys of a range; no value is read. */
  *keys(range: TableRange): Generator<Uint8Array> {
    const layers = this.#layersIn(range);
    if (layers.length === 0) yield* this.#base.getKeys(range);
    else
      for (const { key, value } of merge(layers, this.#number, range, storedKeysOf(this.#base, range)))
        if (value !== undefined) yield key;
  }

  /** What LMDB does not have yet, in no order; a key may come more than once, and no longer be there. */
  *pending(): Generator<Found> {
    for (const layer of this.#layers.visible)
      for (const { table, key, value } of layer)
        if (table === this.#number && value !== undefined) yield { key, value };
  }

  /** What LMDB has after a key, or from its first one on, which may no longer be there. */
  stored(after: Uint8Array | undefined, limit: number): Iterable<Found> {
    return this.#base.getRange({ limit, ...(after === undefined ? {} : { start: after, exclusiveStart: true }) });
  }

  /** Only while decisions are made. */
  put(key: Uint8Array, value: Buffer): void {
    this.#stage({ table: this.#number, key, value });
  }

  /** Only while decisions are made. */
  remove(key: Uint8Array): void {
    this.#stage({ table: this.#number, key, value: undefined });
  }

  #stage(write: PendingWrite): void {
    const { staged } = this.#layers;
    if (staged === undefined) throw new Error("a write outside of a commit");
    staged.set(write);
  }

  #all(): readonly PendingWrites[] {
    const { visible, staged } = this.#layers;
    return staged === undefined ? visible : [staged, ...visible];
  }

  #layersIn(range: TableRange): readonly PendingWrites[] {
    const start = nameOf(range.start);
    return this.#all().filter((layer) => layer.has(this.#number, start));
  }
}

function merge(
  layers: readonly PendingWrites[],
  table: number,
  range: TableRange,
  stored: Generator<Candidate>,
): Generator<Candidate> {
  return newestOf([...layers.map((layer) => pendingOf(layer, table, range)), stored], range.reverse === true);
}

function* pendingOf(layer: PendingWrites, table: number, range: TableRange): Generator<Candidate> {
  const start = nameOf(range.start);
  const end = nameOf(range.end);
  const writes = range.reverse === true ? layer.descending(table, start, end) : layer.ascending(table, start, end);
  for (const [name, { key, value }] of writes) yield { name, key, value, isPending: true };
}

function* storedOf(base: Database<Buffer, Uint8Array>, range: TableRange): Generator<Candidate> {
  for (const { key, value } of base.getRange(range)) yield { name: nameOf(key), key, value, isPending: false };
}

function* storedKeysOf(base: Database<Buffer, Uint8Array>, range: TableRange): Generator<Candidate> {
  for (const key of base.getKeys(range)) yield { name: nameOf(key), key, value: nothing, isPending: false };
}

/** Merges sorted sources; of those that have a name, the first one's is taken. */
function* newestOf(sources: readonly Generator<Candidate>[], reverse: boolean): Generator<Candidate> {
  const heads = sources.map(nextOf);
  try {
    for (;;) {
      let best: Candidate | undefined;
      for (const head of heads)
        if (head !== undefined && (best === undefined || isBefore(head.name, best.name, reverse))) best = head;
      if (best === undefined) return;
      for (const [index, source] of sources.entries())
        if (heads[index]?.name === best.name) heads[index] = nextOf(source);
      yield best;
    }
  } finally {
    // An LMDB cursor that is left open would be lost.
    for (const source of sources) source.return(undefined);
  }
}

function nextOf(source: Generator<Candidate>): Candidate | undefined {
  const result = source.next();
  return result.done === true ? undefined : result.value;
}

function isBefore(name: string, other: string, reverse: boolean): boolean {
  return reverse ? name > other : name < other;
}
