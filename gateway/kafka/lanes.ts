import type { Lane } from "./handler.ts";

/** When a request of a connection may begin, and what tells that it is over. */
export interface Turn {
  readonly begins: Promise<void>;
  /** Lets the next begin, if it waits for this one's turn. */
  readonly pass: () => void;
  /** Lets the next begin, if it waits for this one's answer. */
  readonly sent: () => void;
}

const atOnce = Promise.resolve();

/** The order in which the requests of one connection begin. */
export class Lanes {
  #turns = atOnce;
  #sent = atOnce;

  take(lane: Lane): Turn {
    switch (lane) {
      case "free":
        return { begins: atOnce, pass: () => undefined, sent: () => undefined };
      case "turns": {
        const { promise, resolve } = Promise.withResolvers<void>();
        const begins = this.#turns;
        this.#turns = promise;
        return { begins, pass: resolve, sent: resolve };
      }
      case "sent": {
        const { promise, resolve } = Promise.withResolvers<void>();
        const begins = this.#sent;
        this.#sent = promise;
        return { begins, pass: () => undefined, sent: resolve };
      }
    }
  }
}
