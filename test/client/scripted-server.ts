import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";

export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** Answers one request; it may also destroy the socket, or never answer. */
export type Step = (response: ServerResponse, request: SeenRequest) => void | Promise<void>;

/** An HTTP server that answers by a script, one step per request, and remembers what it saw. */
export class ScriptedServer implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  readonly #steps: Step[];
  readonly #otherwise: Step | undefined;
  readonly #server = createServer((message, response) => void this.#serve(message, response));

  constructor(steps: readonly Step[], otherwise?: Step) {
    this.#steps = [...steps];
    this.#otherwise = otherwise;
  }

  static async start(steps: readonly Step[] | Step): Promise<ScriptedServer> {
    const server = typeof steps === "function" ? new ScriptedServer([], steps) : new ScriptedServer(steps);
    await new Promise<void>((resolve) => {
      server.#server.listen(0, "127.0.0.1", resolve);
    });
    return server;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new TypeError("the server does not listen");
    return `http://127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of message) chunks.push(chunk as Buffer);
    } catch {
      // The client hung up in the middle of its request.
      return;
    }
    const { method = "", url = "", headers } = message;
    const request = { method, url, headers, body: Buffer.concat(chunks) };
    this.seen.push(request);
    const step = this.#steps.shift() ?? this.#otherwise;
    if (step === undefined) response.writeHead(500).end("the script is over");
    else await step(response, request);
  }
}

export function answer(status: number, body: object, headers: Record<string, string> = {}): Step {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };
}

export function refuse(
  status: number,
  error: string,
  options: { readonly retriable?: boolean; readonly details?: object; readonly headers?: Record<string, string> } = {},
): Step {
  const { retriable = false, details = {}, headers = {} } = options;
  return answer(status, { error, message: `${error} for a test`, retriable, details, requestId: "r-1" }, headers);
}

/** The request arrives, and the connection ends without an answer. */
export const hangUp: Step = (response) => {
  response.socket?.resetAndDestroy();
};

export const never: Step = () => {};
