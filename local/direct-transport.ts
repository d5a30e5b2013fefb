import type { ServerResponse } from "node:http";
import type { DirectTransport } from "../functions/http/event.ts";

/** One request of the local server, as its handler sees it. The signal costs something, so it is made when it is asked for. */
export class LocalTransport implements DirectTransport {
  readonly body: Uint8Array | undefined;
  readonly #response: ServerResponse;
  #controller: AbortController | undefined;

  constructor(body: Uint8Array | undefined, response: ServerResponse) {
    this.body = body;
    this.#response = response;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      this.#response.once("close", () => controller.abort(new Error("the client is gone")));
      if (this.#response.destroyed) controller.abort(new Error("the client is gone"));
    }
    return this.#controller.signal;
  }

  /** Ends whatever waits for the signal, if anything does. */
  abort(reason: Error): void {
    this.#controller?.abort(reason);
  }
}
