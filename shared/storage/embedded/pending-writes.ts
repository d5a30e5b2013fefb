/** Writes in memory that LMDB does not have yet: sorted, so that ranges over them and LMDB's can be read as one. */

/** What a key is to hold; nothing if `value` is undefined. */
export interface PendingWrite {
  /** Number of the table. */
  readonly table: number;
  readonly key: Uint8Array;
  readonly value: Buffer | undefined;
}

/** Keys that share the text before their first 00, by their names in ascending order. */
interface Group {
  readonly names: string[];
  readonly writes: Map<string, PendingWrite>;
}

/** A key as text: names compare as the bytes of the keys do. */
export function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

/** The last write of each key, of some tables. */
export class PendingWrites implements Iterable<PendingWrite> {
  readonly #tables = new Map<number, Map<string, Group>>();
  #count = 0;
  #bytes = 0;

  /** Keys that are written. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of keys and values. */
  get bytes(): number {
    return this.#bytes;
  }

  set(write: PendingWrite): void {
    const name = nameOf(write.key);
    const group = this.#groupFor(write.table, groupOf(name));
    const before = group.writes.get(name);
    if (before === undefined) {
      insert(group.names, name);
      this.#count += 1;
    } else {
      this.#bytes -= bytesOf(before);
    }
    this.#bytes += bytesOf(write);
    group.writes.set(name, write);
  }

  get(table: number, name: string): PendingWrite | undefined {
    if (this.#count === 0) return undefined;
    return this.#tables.get(table)?.get(groupOf(name))?.writes.get(name);
  }

  /** Whether a range that starts at `name` may hold any. */
  has(table: number, name: string): boolean {
    return this.#count > 0 && this.#tables.get(table)?.has(groupOf(name)) === true;
  }

  /** Ascending from `start` to before `end`, which share the text before their first 00. */
  *ascending(table: number, start: string, end: string): Generator<[string, PendingWrite]> {
    const group = this.#tables.get(table)?.get(groupOf(start));
    if (group === undefined) return;
    for (let index = firstAtOrAfter(group.names, start); index < group.names.length; index += 1) {
      const found = at(group, index);
      if (found[0] >= end) return;
      yield found;
    }
  }

  /** Descending from `start` itself or before it to behind `end`. */
  *descending(table: number, start: string, end: string): Generator<[string, PendingWrite]> {
    const group = this.#tables.get(table)?.get(groupOf(start));
    if (group === undefined) return;
    let index = firstAtOrAfter(group.names, start);
    if (group.names[index] !== start) index -= 1;
    for (; index >= 0; index -= 1) {
      const found = at(group, index);
      if (found[0] <= end) return;
      yield found;
    }
  }

  *[Symbol.iterator](): Generator<PendingWrite> {
    for (const groups of this.#tables.values()) for (const { writes } of groups.values()) yield* writes.values();
  }

  #groupFor(table: number, name: string): Group {
    let groups = this.#tables.get(table);
    if (groups === undefined) this.#tables.set(table, (groups = new Map<string, Group>()));
    let group = groups.get(name);
    if (group === undefined) groups.set(name, (group = { names: [], writes: new Map() }));
    return group;
  }
}

function groupOf(name: string): string {
  const end = name.indexOf("\0");
  return end < 0 ? name : name.slice(0, end);
}

function bytesOf({ key, value }: PendingWrite): number {
  return key.length + (value?.length ?? 0);
}

function at(group: Group, index: number): [string, PendingWrite] {
  const name = group.names[index];
  const write = name === undefined ? undefined : group.writes.get(name);
  if (name === undefined || write === undefined) throw new Error("a name of a group has no write");
  return [name, write];
}

function insert(names: string[], name: string): void {
  const last = names.at(-1);
  if (last === undefined || last < name) names.push(name);
  else names.splice(firstAtOrAfter(names, name), 0, name);
}

function firstAtOrAfter(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? "") < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
