import type { Random } from "../environment.ts";

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const two32 = 0x1_0000_0000;

/** Chance that a seed repeats: sfc32 by Chris Doty-Humphrey (PractRand), seeded through splitmix32. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @throws RangeError if `seed` is not a whole number from 0 to 2^32-1 */
  constructor(seed: number) {
    if (seed >>> 0 !== seed) throw new RangeError(`not a seed: ${seed}`);
    let state = seed;
    const next = (): number => {
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      return (mixed ^ (mixed >>> 15)) >>> 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    for (let round = 0; round < 12; round += 1) this.uint32();
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) >>> 0;
    this.#c = (this.#c + sum) >>> 0;
    return sum;
  }

  id(): string {
    let text = "";
    for (let index = 0; index < 21; index += 1) text += base64url.charAt(this.uint32() >>> 26);
    // The last character of 16 bytes in base64 holds two bits.
    return text + base64url.charAt((this.uint32() >>> 30) << 4);
  }

  /** Uniform in 0 <= x < 1. */
  fraction(): number {
    return this.uint32() / two32;
  }

  /** Uniform in `min` <= x < `max`. */
  between(min: number, max: number): number {
    return min + (max - min) * this.fraction();
  }

  /** A whole number, 0 .. `count` - 1. */
  below(count: number): number {
    return Math.floor(this.fraction() * count);
  }

  /** True with the probability given; draws nothing when it is 0. */
  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability;
  }

  /** One of `values`, all alike. @throws RangeError if there is none */
  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new RangeError("nothing to pick from");
    return value;
  }

  /** A generator of its own, so that what one part draws does not change what another part gets. */
  fork(): SeededRandom {
    return new SeededRandom(this.uint32());
  }
}
