/** All that happens in a simulation, as a digest: two histories that differ in anything have different ones. */
export class Journal {
  #high = 0x9e3779b9;
  #low = 0x85ebca6b;
  #notes = 0;

  note(text: string): void {
    this.#notes += 1;
    this.#mix(text.length);
    for (let index = 0; index < text.length; index += 1) this.#mix(text.charCodeAt(index));
  }

  number(value: number): void {
    words[0] = value;
    this.#mix(halves[0] ?? 0);
    this.#mix(halves[1] ?? 0);
  }

  bytes(bytes: Uint8Array): void {
    this.#mix(bytes.length);
    for (const byte of bytes) this.#mix(byte);
  }

  /** Of all that was noted so far. */
  get digest(): string {
    const hex = (half: number): string => (half >>> 0).toString(16).padStart(8, "0");
    return `${hex(this.#high)}${hex(this.#low)}`;
  }

  get notes(): number {
    return this.#notes;
  }

  /** Two multiplications that do not commute with each other: the order counts. */
  #mix(value: number): void {
    const high = Math.imul(this.#high ^ value, 0x85ebca77);
    const low = Math.imul(this.#low ^ value, 0xc2b2ae3d);
    this.#high = (high ^ (high >>> 15)) + (low >>> 17);
    this.#low = (low ^ (low >>> 13)) + (high >>> 19);
  }
}

const words = new Float64Array(1);
const halves = new Uint32Array(words.buffer);
