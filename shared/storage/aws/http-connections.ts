/**
 * How the SDK clients connect: bounded, kept alive, and not over a connection that has died in its sleep.
 *
 * Lambda freezes an idle container. When it wakes minutes later its kept connections look open, but the peer has closed
 * them long ago: the next write would be reset or never be answered, and nobody could say whether it was applied.
 */
import type { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { awsConnectMsMax, awsConnectionIdleMsMax, awsConnectionsMax } from "../../limits.ts";
import type { Clock } from "../environment.ts";

/** Options of the SDK's `NodeHttpHandler`. */
export interface HttpHandlerOptions {
  readonly connectionTimeout: number;
  readonly requestTimeout: number;
  readonly socketTimeout: number;
  readonly throwOnRequestTimeout: true;
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

// To import node:http reads its every export, WebSocket among them, for which Node loads all of undici: over 20 ms.
const http = process.getBuiltinModule("node:http");

export class HttpConnections {
  readonly #clock: Clock;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;
  #usedAtWallMs: number;
  #usedAtMonotonicMs: number;

  constructor(clock: Clock, connectionsMax = awsConnectionsMax) {
    this.#clock = clock;
    this.#http = new http.Agent({ keepAlive: true, maxSockets: connectionsMax });
    this.#https = new HttpsAgent({ keepAlive: true, maxSockets: connectionsMax });
    this.#usedAtWallMs = clock.wallMs();
    this.#usedAtMonotonicMs = clock.monotonicMs();
  }

  /** `requestMsMax` bounds the wait for an answer, and the wait for the next bytes of its body. */
  handlerOptions(requestMsMax: number): HttpHandlerOptions {
    return {
      connectionTimeout: awsConnectMsMax,
      requestTimeout: requestMsMax,
      socketTimeout: requestMsMax,
      throwOnRequestTimeout: true,
      httpAgent: this.#http,
      httpsAgent: this.#https,
    };
  }

  /** Does one request over a connection that was in use not long ago, or over a new one. */
  async use<T>(request: () => Promise<T>): Promise<T> {
    this.#dropIdle();
    try {
      return await request();
    } finally {
      this.#touch();
    }
  }

  #dropIdle(): void {
    // A frozen machine may stop the monotonic clock, and a stepped wall clock only costs a connection: either is enough.
    const idleMs = Math.max(
      this.#clock.wallMs() - this.#usedAtWallMs,
      this.#clock.monotonicMs() - this.#usedAtMonotonicMs,
    );
    this.#touch();
    if (idleMs <= awsConnectionIdleMsMax) return;
    for (const agent of [this.#http, this.#https]) {
      for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
    }
  }

  #touch(): void {
    this.#usedAtWallMs = this.#clock.wallMs();
    this.#usedAtMonotonicMs = this.#clock.monotonicMs();
  }
}
