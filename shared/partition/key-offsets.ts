/**
 * The last offset of each key, in typed arrays: no object and no text for a key. Keys are compared byte by byte, so two
 * keys with one hash are two keys.
 *
 *     table[hash] ──► entry ──► keys[start(entry) .. start(entry + 1)], offsets[entry]
 */
import { murmur2 } from "../record/murmur2.ts";

export interface KeyBounds {
  readonly keysMax: number;
  readonly keyBytesMax: number;
}

/** What `offsetOf` answers for a key that has none. */
const noOffset = -1;

const entriesMin = 1_024;
const keyBytesMin = 65_536;

export class KeyOffsets {
  readonly #bounds: KeyBounds;
  /** Entry + 1 by hash, with linear probing; 0 for none. Its size is a power of two, at least twice the entries. */
  #table = new Int32Array(entriesMin * 2);
  #hashes = new Int32Array(entriesMin);
  /** Where a key begins; it ends where the next one begins. */
  #starts = new Float64Array(entriesMin + 1);
  #offsets = new Float64Array(entriesMin);
  #keys = new Uint8Array(keyBytesMin);
  #entries = 0;

  constructor(bounds: KeyBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#entries;
  }

  /** Number of the key, by which `raise` knows it; undefined if it is new and there is no room for it. */
  entryOf(key: Uint8Array): number | undefined {
    const hash = murmur2(key);
    const place = this.#find(key, hash);
    const found = this.#table[place] ?? 0;
    if (found > 0) return found - 1;
    const start = this.#starts[this.#entries] ?? 0;
    const end = start + key.length;
    if (this.#entries >= this.#bounds.keysMax || end > this.#bounds.keyBytesMax) return undefined;
    const entry = this.#entries;
    this.#makeRoom(end);
    this.#keys.set(key, start);
    this.#hashes[entry] = hash;
    this.#offsets[entry] = noOffset;
    this.#starts[entry + 1] = end;
    this.#entries += 1;
    this.#table[this.#find(key, hash)] = entry + 1;
    return entry;
  }

  /** Notes an offset of the key, unless a later one is known. */
  raise(entry: number, offset: number): void {
    if (offset > (this.#offsets[entry] ?? noOffset)) this.#offsets[entry] = offset;
  }

  /** The last offset of the key, -1 if none was noted. */
  offsetOf(key: Uint8Array): number {
    const found = this.#table[this.#find(key, murmur2(key))] ?? 0;
    return found === 0 ? noOffset : (this.#offsets[found - 1] ?? noOffset);
  }

  /** Place in the table at which the key is, or would be; it may be that of an entry that is not in the table yet. */
  #find(key: Uint8Array, hash: number): number {
    const mask = this.#table.length - 1;
    let place = hash & mask;
    for (;;) {
      const found = this.#table[place] ?? 0;
      if (found === 0 || (this.#hashes[found - 1] === hash && this.#isKey(found - 1, key))) return place;
      place = (place + 1) & mask;
    }
  }

  #isKey(entry: number, key: Uint8Array): boolean {
    const start = this.#starts[entry] ?? 0;
    if ((this.#starts[entry + 1] ?? 0) - start !== key.length) return false;
    for (let index = 0; index < key.length; index += 1) if (this.#keys[start + index] !== key[index]) return false;
    return true;
  }

  #makeRoom(keyBytes: number): void {
    if (keyBytes > this.#keys.length) {
      const keys = new Uint8Array(Math.min(Math.max(keyBytes, this.#keys.length * 2), this.#bounds.keyBytesMax));
      keys.set(this.#keys);
      this.#keys = keys;
    }
    if (this.#entries < this.#offsets.length) return;
    const entries = this.#offsets.length * 2;
    this.#hashes = grown(this.#hashes, new Int32Array(entries));
    this.#offsets = grown(this.#offsets, new Float64Array(entries));
    this.#starts = grown(this.#starts, new Float64Array(entries + 1));
    this.#table = new Int32Array(entries * 2);
    const mask = this.#table.length - 1;
    for (let entry = 0; entry < this.#entries; entry += 1) {
      let place = (this.#hashes[entry] ?? 0) & mask;
      while (this.#table[place] !== 0) place = (place + 1) & mask;
      this.#table[place] = entry + 1;
    }
  }
}

function grown<Numbers extends Int32Array | Float64Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from);
  return to;
}
