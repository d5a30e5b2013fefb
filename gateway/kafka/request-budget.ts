import { gatewayRequestBytesMax } from "../../shared/limits/kafka-gateway.ts";

/** How many bytes of requests a gateway holds, over all of its connections. */
export class RequestBudget {
  #taken = 0;
  #waitingSum = 0;
  readonly #waiting = new Map<object, number>();
  readonly #forRoom = new Set<() => void>();

  /** Whether connections are to read nothing more before something is answered. */
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

  /** Calls back once, when there is room again. */
  onRoom(callback: () => void): void {
    this.#forRoom.add(callback);
  }

  /** Notes the bytes of a frame that is not whole. @returns false where all such are too many, so that this one has to go */
  setWaiting(connection: object, bytes: number): boolean {
    this.#waitingSum += bytes - (this.#waiting.get(connection) ?? 0);
    if (bytes === 0) this.#waiting.delete(connection);
    else this.#waiting.set(connection, bytes);
    return this.#waitingSum <= gatewayRequestBytesMax;
  }
}
