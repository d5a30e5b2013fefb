/** How many writes of all connections are under way: fewer than the tree turns away. */
import { outstandingWritesMax } from "../../shared/limits/zookeeper-gateway.ts";

export class WriteRoom {
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  get taken(): number {
    return this.#taken;
  }

  get isFull(): boolean {
    return this.#taken >= outstandingWritesMax;
  }

  take(): void {
    this.#taken += 1;
  }

  give(): void {
    this.#taken -= 1;
    if (this.isFull || this.#waiting.size === 0) return;
    for (const callback of this.#waiting) {
      this.#waiting.delete(callback);
      callback();
      if (this.isFull) return;
    }
  }

  /** Calls back once, when there may be room. */
  onRoom(callback: () => void): void {
    this.#waiting.add(callback);
  }

  forget(callback: () => void): void {
    this.#waiting.delete(callback);
  }
}
