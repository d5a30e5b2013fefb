/** Hands out pages to whoever works on them: of each partition one at a time, and the partitions in turn. */
import type { ClientTime } from "../coordination/time.ts";
import { Delivery } from "./delivery.ts";
import type { Holdings } from "./holdings.ts";
import type { OwnedPartition } from "./owned-partition.ts";

export class Deliveries {
  readonly #holdings: Holdings;
  readonly #time: ClientTime;
  /** Told whenever a page was taken or done with: there may be room for another. */
  readonly #onRoom: () => void;
  #woken = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(holdings: Holdings, time: ClientTime, onRoom: () => void) {
    this.#holdings = holdings;
    this.#time = time;
    this.#onRoom = onRoom;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Waits for a page; undefined once this is closed. Whoever gets one ends it. */
  async next(): Promise<Delivery | undefined> {
    for (;;) {
      if (this.#isClosed) return undefined;
      const { promise } = this.#woken;
      const delivery = this.#take();
      if (delivery !== undefined) return delivery;
      await promise;
    }
  }

  /** Something has changed: a page came, a partition was resumed, a rest is over. */
  wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers<void>();
  }

  /** From now on nothing is handed out. */
  close(): void {
    this.#isClosed = true;
    this.wake();
  }

  #take(): Delivery | undefined {
    const nowMs = this.#time.nowMs();
    for (const partition of this.#holdings) {
      if (!isReady(partition, nowMs)) continue;
      const page = partition.take();
      if (page === undefined) continue;
      this.#holdings.moveToEnd(partition);
      this.#onRoom();
      return new Delivery(partition, page, () => {
        this.wake();
        this.#onRoom();
      });
    }
    return undefined;
  }
}

function isReady(partition: OwnedPartition, nowMs: number): boolean {
  const { ownership, isPaused, isAtWork, restsUntilMs } = partition;
  return ownership === "owned" && !isPaused && !isAtWork && restsUntilMs <= nowMs;
}
