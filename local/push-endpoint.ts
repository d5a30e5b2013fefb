/** Connections for hints on the port of the API: `GET /v1/push` with an upgrade to WebSocket (RFC 6455). */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { transportPrincipal } from "../functions/http/caller.ts";
import { describeError } from "../functions/http/log.ts";
import type { Log } from "../functions/http/log.ts";
import { answerMessage } from "../functions/push/messages.ts";
import { ServiceError } from "../shared/api/errors.ts";
import {
  localPushBacklogBytesMax,
  localPushConnectionsMax,
  localPushProbeMs,
  pushMessageBytesMax,
} from "../shared/limits/push.ts";
import { createHintServices } from "../shared/services/capability-services.ts";
import type { Services } from "../shared/services/services.ts";
import type { Connections } from "../shared/storage/connections.ts";
import type { LogId } from "../shared/storage/log-store.ts";
import type { Storage } from "../shared/storage/storage.ts";
import { HintLoop } from "./hint-loop.ts";
import type { HostCheck } from "./host-check.ts";

/** Where clients connect, relative to the API's address. */
export const localPushPath = "/v1/push";

/** RFC 6455 section 7.4.1. */
const goingAway = 1001;

export interface PushEndpointOptions {
  /** What the services take subscriptions with; they must not remember who has subscribed. */
  readonly services: Pick<Services, "push">;
  readonly storage: Storage;
  readonly hostCheck: HostCheck;
  readonly log: Log;
}

interface Connection {
  readonly socket: WebSocket;
  /** Has shown since the last probe that it is there. */
  isAlive: boolean;
}

export class PushEndpoint implements Connections {
  readonly #options: PushEndpointOptions;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: pushMessageBytesMax,
  });
  readonly #open = new Map<string, Connection>();
  readonly #hints: HintLoop;
  #probe: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: PushEndpointOptions) {
    this.#options = options;
    const { hints } = createHintServices(options.storage, this, { subscribersCacheMs: 0 });
    this.#hints = new HintLoop(hints, options.storage.timers, options.log);
  }

  /** A log has grown up to `next`. Costs nothing while nobody is connected. */
  grown(logId: LogId, next: number): void {
    if (this.#open.size > 0) this.#hints.add(logId, next);
  }

  /** Takes a request to upgrade, or answers why not. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket));
  }

  post(connectionId: string, message: string): Promise<"posted" | "gone"> {
    const connection = this.#open.get(connectionId);
    if (connection === undefined) return Promise.resolve("gone");
    // A client that does not read what it is sent asks by itself after a while.
    if (connection.socket.bufferedAmount <= localPushBacklogBytesMax) connection.socket.send(message);
    return Promise.resolve("posted");
  }

  /** Says to all that the server goes away. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#probe);
    for (const { socket } of this.#open.values()) {
      socket.close(goingAway, "the server is closing");
      // Nobody waits until the other end has answered.
      socket.terminate();
    }
  }

  #refusal({ url = "", headers }: IncomingMessage): string | undefined {
    try {
      this.#options.hostCheck.check(headers);
    } catch {
      return "403 Forbidden";
    }
    if (url.split("?", 1)[0] !== localPushPath) return "404 Not Found";
    return this.#isClosed || this.#open.size >= localPushConnectionsMax ? "503 Service Unavailable" : undefined;
  }

  #accept(socket: WebSocket): void {
    const connectionId = randomBytes(16).toString("base64url");
    const connection: Connection = { socket, isAlive: true };
    this.#open.set(connectionId, connection);
    this.#probe ??= setInterval(() => this.#lookForLost(), localPushProbeMs).unref();
    const connected = this.#options.services.push.connect({ connectionId, principal: transportPrincipal({}) });
    connected.catch((error: unknown) => this.#failed(socket, error));
    // One after the other, so that a client cannot have more than one message under way.
    let answered: Promise<unknown> = connected;
    socket.on("pong", () => (connection.isAlive = true));
    socket.on("error", () => socket.terminate());
    socket.on("message", (data, isBinary) => {
      connection.isAlive = true;
      socket.pause();
      answered = answered
        .then(() => this.#answer(connectionId, socket, isBinary ? "" : textOf(data)))
        .catch((error: unknown) => this.#failed(socket, error))
        .finally(() => socket.resume());
    });
    socket.on("close", () => {
      this.#open.delete(connectionId);
      if (this.#open.size === 0) {
        clearInterval(this.#probe);
        this.#probe = undefined;
        this.#hints.forget();
      }
      void answered.then(() => this.#forget(connectionId));
    });
  }

  async #answer(connectionId: string, socket: WebSocket, message: string): Promise<void> {
    const answer = await answerMessage(this.#options.services, connectionId, message);
    if (socket.readyState === WebSocket.OPEN) socket.send(answer);
  }

  async #forget(connectionId: string): Promise<void> {
    try {
      await this.#options.services.push.disconnect(connectionId);
    } catch (error) {
      // A server that closes takes its storage with it; what is left expires.
      if (!this.#isClosed) this.#log(error);
    }
  }

  #failed(socket: WebSocket, error: unknown): void {
    socket.terminate();
    if (!this.#isClosed) this.#log(error);
  }

  #log(error: unknown): void {
    const known = error instanceof ServiceError ? error.code : "SYSTEM_ERROR";
    this.#options.log("WARN", "push failed", { error: known, cause: describeError(error) });
  }

  #lookForLost(): void {
    for (const connection of this.#open.values()) {
      if (!connection.isAlive) {
        connection.socket.terminate();
        continue;
      }
      connection.isAlive = false;
      connection.socket.ping();
    }
  }
}

function textOf(data: RawData): string {
  return (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString("utf8");
}
