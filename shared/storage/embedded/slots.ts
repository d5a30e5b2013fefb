/** Lets a bounded number of callers in at once, and a bounded number wait, first come first served. */
export class Slots {
  readonly #insideMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  readonly #idle: (() => void)[] = [];
  #inside = 0;

  constructor(insideMax: number, waitingMax: number) {
    this.#insideMax = insideMax;
    this.#waitingMax = waitingMax;
  }

  /** Resolves to true when the caller is in, and at once to false if too many wait. */
  async take(): Promise<boolean> {
    if (this.#inside < this.#insideMax) {
      this.#inside += 1;
      return true;
    }
    if (this.#waiting.length >= this.#waitingMax) return false;
    // The one that leaves hands over its place, so `#inside` stays as it is.
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) return next();
    this.#inside -= 1;
    if (this.#inside === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Resolves when nobody is inside. */
  async idle(): Promise<void> {
    if (this.#inside > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }
}
