import { gatewayAnswerBytesMax, gatewayRequestBytesMax } from "../../shared/limits/kafka-gateway.ts";
import { HeldBytes } from "./held-bytes.ts";

/** How many bytes a gateway holds, over all of its connections. */
export class RequestBudget {
  /** Frames of requests that are not whole. */
  readonly waiting: HeldBytes;
  /** Answers that are made and not sent. */
  readonly answers: HeldBytes;
  #taken = 0;
  readonly #forRoom = new Set<() => void>();

  constructor(nowMs: () => number) {
    this.waiting = new HeldBytes(gatewayRequestBytesMax, nowMs);
    this.answers = new HeldBytes(gatewayAnswerBytesMax, nowMs);
  }

  /** Whether requests that are not answered are as many as there may be. */
  get isSpent(): boolean {
    return this.#taken >= gatewayRequestBytesMax;
  }

  take(bytes: number): void {
    this.#taken += bytes;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
    if (this.isSpent || this.#forRoom.size === 0) return;
    const callbacks = [...this.#forRoom];
    this.#forRoom.clear();
    for (const callback of callbacks) callback();
  }

  /** Calls back once, when there is room again; the same callback is called once, however often it is given. */
  onRoom(callback: () => void): void {
    this.#forRoom.add(callback);
  }

  /** Calls back no more. */
  forget(callback: () => void): void {
    this.#forRoom.delete(callback);
  }
}
