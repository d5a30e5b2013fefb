/** Chance for inputs: fast, because a codec takes little longer than a few draws, and given by two numbers and a name. */

const words = [
  0, 1, 2, 3, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
] as const;

/** FNV-1a over the characters. */
function hash(text: string): number {
  let value = 0x811c_9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x0100_0193);
  }
  return value >>> 0;
}

/** sfc32. */
export class FuzzRandom {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(name: string, seed: number, index = 0) {
    this.#a = hash(name);
    this.#b = seed | 0;
    this.#c = index | 0;
    for (let round = 0; round < 12; round += 1) this.uint32();
  }

  /** 0 .. 2^32-1 */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 0 .. end-1 */
  below(end: number): number {
    return end <= 1 ? 0 : Math.floor((this.uint32() / 0x1_0000_0000) * end);
  }

  /** Both may come. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.uint32() < probability * 0x1_0000_0000;
  }

  pick<Value>(values: readonly Value[]): Value {
    if (values.length === 0) throw new RangeError("nothing to pick from");
    return values[this.below(values.length)] as Value;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index += 1) bytes[index] = this.uint32();
    return bytes;
  }

  /** A number of 32 bits such as bugs are found with. */
  word(): number {
    return this.chance(0.7) ? this.pick(words) : this.uint32();
  }

  /** A whole number, mostly small, now and then one at the edge of what is safe. */
  whole(): number {
    const kind = this.below(10);
    if (kind < 5) return this.below(16);
    if (kind < 7) return this.below(5_000);
    if (kind < 8) return this.word();
    if (kind < 9) return 1_750_000_000_000 + this.below(1_000_000);
    return this.pick([Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1, 2 ** 52, 2 ** 40 + this.below(100)]);
  }
}
