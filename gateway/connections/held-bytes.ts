/** What a gateway holds for its connections, bounded over all of them. */
import { heldScarceMsMax, roomWaitMsMax } from "../../shared/limits/connections.ts";

export interface Holder {
  /** Ends it at once; what it holds is given back. */
  close(): void;
}

interface Held {
  bytes: number;
  /** When it began to hold, or when there was progress. */
  sinceMs: number;
}

/**
 * Bytes that connections hold for as long as their clients like: frames that are not whole, answers that are not read. Where
 * all of them are too many, the connection goes that holds the most for the longest time, and no other.
 */
export class HeldBytes {
  readonly #bytesMax: number;
  readonly #nowMs: () => number;
  readonly #held = new Map<Holder, Held>();
  readonly #forRoom = new Set<() => void>();
  #sum = 0;

  constructor(bytesMax: number, nowMs: () => number) {
    this.#bytesMax = bytesMax;
    this.#nowMs = nowMs;
  }

  /** Whether no more should be begun that may be held: half of what there may be is. */
  get isScarce(): boolean {
    return this.#sum > this.#bytesMax / 2;
  }

  /** Over all connections. */
  get bytes(): number {
    return this.#sum;
  }

  /** Sets what a connection holds. @param hasMoved whether its client has done its part since the last time */
  set(holder: Holder, bytes: number, hasMoved: boolean): void {
    const known = this.#held.get(holder);
    this.#sum += bytes - (known?.bytes ?? 0);
    if (bytes === 0) this.#held.delete(holder);
    else if (known === undefined) this.#held.set(holder, { bytes, sinceMs: this.#nowMs() });
    else {
      known.bytes = bytes;
      if (hasMoved) known.sinceMs = this.#nowMs();
    }
    while (this.#sum > this.#bytesMax && this.#held.size > 0) this.#closeWorst(0);
    if (!this.isScarce) this.#tellRoom();
  }

  /**
   * Resolves when bytes are not scarce, or at once when the signal aborts, and in any case after `roomWaitMsMax`: others must
   * not be held up for longer by clients that do not read. The worst of these is closed then, if it has had its time.
   */
  async room(signal: AbortSignal): Promise<void> {
    if (!this.isScarce || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    const timeout = setTimeout(() => {
      this.#closeWorst(heldScarceMsMax);
      wake();
    }, roomWaitMsMax);
    this.#forRoom.add(wake);
    signal.addEventListener("abort", wake);
    await promise;
    clearTimeout(timeout);
    signal.removeEventListener("abort", wake);
    this.#forRoom.delete(wake);
  }

  /** @param ageMsMin it is let be if it has not held its bytes for so long */
  #closeWorst(ageMsMin: number): void {
    const nowMs = this.#nowMs();
    let worst: Holder | undefined;
    let worstCost = -1;
    for (const [holder, { bytes, sinceMs }] of this.#held) {
      const cost = bytes * (nowMs - sinceMs + 1);
      if (cost <= worstCost) continue;
      worst = holder;
      worstCost = cost;
    }
    const held = worst && this.#held.get(worst);
    if (worst === undefined || held === undefined || nowMs - held.sinceMs < ageMsMin) return;
    this.#sum -= held.bytes;
    this.#held.delete(worst);
    worst.close();
  }

  #tellRoom(): void {
    if (this.#forRoom.size === 0) return;
    const callbacks = [...this.#forRoom];
    this.#forRoom.clear();
    for (const callback of callbacks) callback();
  }
}
