/** Listens for Kafka's protocol. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { describeError, type Log } from "../../functions/http/log.ts";
import { connectionIdleMsMax, gatewayCloseMsMax, gatewayConnectionsMax } from "../../shared/limits/kafka-gateway.ts";
import { tlsHandshakeMsMax } from "../../shared/limits/connections.ts";
import type { Clock } from "../../shared/storage/environment.ts";
import { tellFailedHandshakes } from "../connections/failed-handshakes.ts";
import { Connection } from "./connection.ts";
import type { Gateway } from "./handler.ts";
import { type BudgetLimits, RequestBudget } from "../connections/request-budget.ts";

export interface ListenerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Certificate and key, where clients speak TLS. */
  readonly tls?: TlsOptions;
  /** Whether clients must say who they are. */
  readonly needsAuthentication: boolean;
  readonly log?: Log;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** What all connections together may hold; default: as in `shared/limits/connections.ts`. */
  readonly limits?: BudgetLimits;
  /** How long a connection may do nothing, in milliseconds; default: `connectionIdleMsMax`. */
  readonly idleMs?: number;
}

/** A port that is open; who answers on it is set once it is known, since that depends on the port. */
export class KafkaListener {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #connections = new Set<Connection>();
  /** Those that have not agreed on TLS, by who is at the other end. */
  readonly #strangers = new Map<string, Socket>();
  #budget: RequestBudget | undefined;
  #gateway: Gateway | undefined;
  #open: (() => Promise<Gateway>) | undefined;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    const { tls } = options;
    this.#server =
      tls === undefined
        ? createServer({ allowHalfOpen: true })
        : createTlsServer({ handshakeTimeout: tlsHandshakeMsMax, ...tls, allowHalfOpen: true });
    if (tls !== undefined) this.#server.on("connection", (socket: Socket) => this.#meet(socket));
    this.#server.maxConnections = gatewayConnectionsMax;
    this.#server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => this.#accept(socket));
    tellFailedHandshakes(this.#server, options.log, options.clock);
  }

  /** @throws Error as node:net says where the port is taken or the host is not this machine's */
  static async open(options: ListenerOptions): Promise<KafkaListener> {
    const listener = new KafkaListener(options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    listener.#server.once("error", reject);
    listener.#server.listen({ port: options.port, host: options.host }, resolve);
    await promise;
    listener.#server.off("error", reject);
    // A connection that cannot be accepted, for example because there are too many files, is no reason to stop.
    listener.#server.on("error", (error) => {
      listener.#gateway?.log("ERROR", "accepting a connection failed", { cause: describeError(error) });
    });
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on connections are served; by what `gateway` answers when the first one comes, if it is a function. */
  serve(gateway: Gateway | (() => Promise<Gateway>)): void {
    if (typeof gateway === "function") this.#open = gateway;
    else this.#setGateway(gateway);
  }

  #setGateway(gateway: Gateway): void {
    this.#budget ??= new RequestBudget(() => gateway.clock.monotonicMs(), this.#options.limits);
    this.#gateway = gateway;
  }

  /** Takes no more connections, answers what is under way, and ends within `gatewayCloseMsMax`. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const stranger of this.#strangers.values()) stranger.destroy();
    for (const connection of this.#connections) connection.end();
    const timeout = setTimeout(() => {
      for (const connection of this.#connections) connection.close();
    }, gatewayCloseMsMax);
    await promise;
    clearTimeout(timeout);
  }

  #meet(socket: Socket): void {
    const end = endOf(socket);
    this.#strangers.set(end, socket);
    socket.on("close", () => {
      if (this.#strangers.get(end) === socket) this.#strangers.delete(end);
    });
  }

  #accept(socket: Socket): void {
    this.#strangers.delete(endOf(socket));
    if (this.#gateway === undefined && this.#open !== undefined) void this.#openFor(socket, this.#open);
    else this.#connect(socket);
  }

  async #openFor(socket: Socket, open: () => Promise<Gateway>): Promise<void> {
    // Nothing is read from it before; what breaks it then is its client's affair.
    const onError = (): void => void socket.destroy();
    socket.on("error", onError);
    try {
      this.#setGateway(await open());
    } catch (error) {
      this.#options.log?.("ERROR", "the gateway cannot serve", { cause: describeError(error) });
      socket.destroy();
      return;
    }
    socket.off("error", onError);
    if (!socket.destroyed) this.#connect(socket);
  }

  #connect(socket: Socket): void {
    const { needsAuthentication, idleMs = connectionIdleMsMax } = this.#options;
    const gateway = this.#gateway;
    const budget = this.#budget;
    if (gateway === undefined || budget === undefined || !this.#server.listening) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, { gateway, budget, needsAuthentication, idleMs });
    this.#connections.add(connection);
    socket.on("close", () => this.#connections.delete(connection));
  }
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
