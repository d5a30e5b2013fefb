import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

import { NoAnswerException } from "./exceptions.ts";
import type { NoAnswerReason } from "./exceptions.ts";
import { requestTarget } from "./http-message.ts";
import type { HttpRequest, HttpResponse } from "./http-message.ts";

export interface TransportOptions {
  /** Connections open at once, and as many more for long polls; requests beyond it wait for a free one. */
  readonly connectionsMax: number;
  /** Time to open one connection. */
  readonly connectionTimeoutMs: number;
  /** Largest answer that is taken. */
  readonly responseBytesMax: number;
}

export interface AttemptOptions {
  /** From the call until the last byte of the answer. */
  readonly timeoutMs: number;
  /** A long poll: it must not take the connection that a heartbeat or a write needs. */
  readonly waits?: boolean;
  readonly abortSignal?: AbortSignal;
}

/** Sends one request once. A transport throws `NoAnswerException` and nothing else. */
export interface Transport {
  handle(request: HttpRequest, options: AttemptOptions): Promise<HttpResponse>;
  /** Closes the connections. */
  destroy(): void;
}

/** HTTP/1.1 over kept connections: for large bodies faster than `fetch`, which passes each through a stream. */
export class NodeHttpTransport implements Transport {
  readonly #options: TransportOptions;
  readonly #agents: Agents;
  /** Those of long polls. */
  readonly #waitingAgents: Agents;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#agents = createAgents(options);
    this.#waitingAgents = createAgents(options);
  }

  handle(request: HttpRequest, options: AttemptOptions): Promise<HttpResponse> {
    if (options.abortSignal?.aborted === true) {
      const cause: unknown = options.abortSignal.reason;
      return Promise.reject(new NoAnswerException("aborted", "the call was aborted", false, cause));
    }
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    const attempt = new Attempt(this.#open(request, options.waits === true), this.#options, options, resolve, reject);
    attempt.send(request.body);
    return promise;
  }

  destroy(): void {
    for (const { http, https } of [this.#agents, this.#waitingAgents]) {
      http.destroy();
      https.destroy();
    }
  }

  #open(request: HttpRequest, waits: boolean): ClientRequest {
    const { method, hostname, port, headers } = request;
    const path = requestTarget(request);
    const { http, https } = waits ? this.#waitingAgents : this.#agents;
    return request.protocol === "https:"
      ? httpsRequest({ method, hostname, port, path, headers, agent: https })
      : httpRequest({ method, hostname, port, path, headers, agent: http });
  }
}

interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

function createAgents({ connectionsMax }: TransportOptions): Agents {
  const options = { keepAlive: true, maxSockets: connectionsMax };
  return { http: new HttpAgent(options), https: new HttpsAgent(options) };
}

/** One request on its way. It settles once, and from then on ignores what the socket still says. */
class Attempt {
  readonly #request: ClientRequest;
  readonly #responseBytesMax: number;
  readonly #abortSignal: AbortSignal | undefined;
  readonly #resolve: (response: HttpResponse) => void;
  readonly #reject: (error: NoAnswerException) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort: () => void;
  #connectTimer: NodeJS.Timeout | undefined;
  #connected = false;
  #settled = false;

  constructor(
    request: ClientRequest,
    transport: TransportOptions,
    options: AttemptOptions,
    resolve: (response: HttpResponse) => void,
    reject: (error: NoAnswerException) => void,
  ) {
    this.#request = request;
    this.#responseBytesMax = transport.responseBytesMax;
    this.#abortSignal = options.abortSignal;
    this.#resolve = resolve;
    this.#reject = reject;
    const { timeoutMs } = options;
    this.#timer = setTimeout(() => this.#fail("timeout", `no answer within ${timeoutMs} ms`), timeoutMs);
    this.#onAbort = () => {
      this.#fail("aborted", "the call was aborted", this.#abortSignal?.reason);
    };
    this.#abortSignal?.addEventListener("abort", this.#onAbort, { once: true });
    request.on("socket", (socket) => {
      if (!socket.connecting) {
        this.#connected = true;
        return;
      }
      const { connectionTimeoutMs } = transport;
      this.#connectTimer = setTimeout(() => {
        this.#fail("connect", `no connection within ${connectionTimeoutMs} ms`);
      }, connectionTimeoutMs);
      socket.once("encrypted" in socket ? "secureConnect" : "connect", () => {
        this.#connected = true;
        clearTimeout(this.#connectTimer);
      });
    });
    request.on("error", (cause) => {
      if (this.#connected) this.#fail("lost", `the connection was lost: ${cause.message}`, cause);
      else this.#fail("connect", `cannot connect: ${messageOf(cause)}`, cause);
    });
    request.on("response", (response) => this.#receive(response));
  }

  send(body: Uint8Array | undefined): void {
    this.#request.end(body);
  }

  #receive(response: IncomingMessage): void {
    response.on("error", (cause) => {
      this.#fail("lost", `the connection was lost: ${cause.message}`, cause);
    });
    const collector = new BodyCollector(response.headers["content-length"], this.#responseBytesMax);
    const checkSize = (): void => {
      if (!collector.tooLarge) return;
      this.#fail("responseTooLarge", `the answer is larger than ${this.#responseBytesMax} bytes`);
    };
    checkSize();
    response.on("data", (chunk: Buffer) => {
      collector.add(chunk);
      checkSize();
    });
    response.on("end", () => {
      if (!this.#settle()) return;
      const headers = response.headers as Record<string, string>;
      this.#resolve({ statusCode: response.statusCode ?? 0, headers, body: collector.finish() });
    });
  }

  #fail(reason: NoAnswerReason, message: string, cause?: unknown): void {
    if (!this.#settle()) return;
    this.#reject(new NoAnswerException(reason, message, this.#connected, cause));
    this.#request.destroy();
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#connectTimer);
    this.#abortSignal?.removeEventListener("abort", this.#onAbort);
    return true;
  }
}

/** Joins the chunks of a body, with one copy where its length is known. */
class BodyCollector {
  readonly #bytesMax: number;
  readonly #known: Uint8Array | undefined;
  readonly #chunks: Uint8Array[] = [];
  #lengthBytes = 0;
  tooLarge = false;

  constructor(contentLength: string | undefined, bytesMax: number) {
    this.#bytesMax = bytesMax;
    if (contentLength === undefined) return;
    const lengthBytes = Number(contentLength);
    this.tooLarge = lengthBytes > bytesMax;
    if (!this.tooLarge) this.#known = Buffer.allocUnsafeSlow(lengthBytes);
  }

  add(chunk: Uint8Array): void {
    if (this.tooLarge) return;
    const start = this.#lengthBytes;
    this.#lengthBytes += chunk.length;
    if (this.#lengthBytes > this.#bytesMax) {
      this.tooLarge = true;
      return;
    }
    if (this.#known === undefined) this.#chunks.push(chunk);
    else this.#known.set(chunk, start);
  }

  finish(): Uint8Array {
    return this.#known ?? Buffer.concat(this.#chunks);
  }
}

/** Node joins the failures of several addresses in an error without a message of its own. */
function messageOf(error: Error): string {
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map((one) => (one instanceof Error ? one.message : String(one))).join(", ");
  }
  return error.message;
}
