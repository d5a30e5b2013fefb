import { gatewayAnswerBytesMax, gatewayRequestBytesMax } from "../../shared/limits/connections.ts";
import { HeldBytes } from "./held-bytes.ts";

export interface BudgetLimits {
  /** Of requests that are not answered; and as many of frames that are not whole. */
  readonly requestBytes: number;
  /** Of answers that are not sent. */
  readonly answerBytes: number;
}

const defaults: BudgetLimits = { requestBytes: gatewayRequestBytesMax, answerBytes: gatewayAnswerBytesMax };

/** How many bytes a gateway holds, over all of its connections. */
export class RequestBudget {
  /** Frames of requests that are not whole. */
  readonly waiting: HeldBytes;
  /** Answers that are made and not sent. */
  readonly answers: HeldBytes;
  readonly #requestBytesMax: number;
  #taken = 0;
  readonly #forRoom = new Set<() => void>();

  constructor(nowMs: () => number, { requestBytes, answerBytes }: BudgetLimits = defaults) {
    this.waiting = new HeldBytes(requestBytes, nowMs);
    this.answers = new HeldBytes(answerBytes, nowMs);
    this.#requestBytesMax = requestBytes;
  }

  /** Of requests that are not answered. */
  get bytes(): number {
    return this.#taken;
  }

  /** Whether requests that are not answered are as many as there may be. */
  get isSpent(): boolean {
    return this.#taken >= this.#requestBytesMax;
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
