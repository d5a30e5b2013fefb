/**
 * Counts bytes against rates. Each name has a level that sinks by the rate's bytes a second; what is above the bytes of one
 * second has to wait until it has sunk.
 */
import { quotaMetersMax, throttleTimeMsMax } from "../../../shared/limits/kafka-security.ts";

interface Level {
  readonly bytes: number;
  readonly atMs: number;
}

const secondMs = 1_000;

export class QuotaMeter {
  /** Least recently used first. */
  readonly #levels = new Map<string, Level>();

  /**
   * Adds bytes to what a name has used.
   *
   * @param bytesPerSecond above 0
   * @param nowMs of a clock that never steps back
   * @returns how long it is to wait, in milliseconds
   */
  add(name: string, bytes: number, bytesPerSecond: number, nowMs: number): number {
    const before = this.#levels.get(name);
    const sunk = before === undefined ? 0 : (Math.max(0, nowMs - before.atMs) / secondMs) * bytesPerSecond;
    const level = Math.max(0, (before?.bytes ?? 0) - sunk) + bytes;
    this.#levels.delete(name);
    this.#levels.set(name, { bytes: level, atMs: nowMs });
    if (this.#levels.size > quotaMetersMax) this.#forgetOldest();
    const waitMs = ((level - bytesPerSecond) / bytesPerSecond) * secondMs;
    return Math.min(Math.max(0, Math.ceil(waitMs)), throttleTimeMsMax);
  }

  #forgetOldest(): void {
    for (const [name] of this.#levels) {
      this.#levels.delete(name);
      return;
    }
  }
}
