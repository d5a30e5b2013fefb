/** Listens for Kafka's protocol. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { describeError } from "../../functions/http/log.ts";
import { gatewayCloseMsMax, gatewayConnectionsMax, tlsHandshakeMsMax } from "../../shared/limits/kafka-gateway.ts";
import { Connection } from "./connection.ts";
import type { Gateway } from "./handler.ts";
import { RequestBudget } from "./request-budget.ts";

export interface ListenerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Certificate and key, where clients speak TLS. */
  readonly tls?: TlsOptions;
  /** Whether clients must say who they are. */
  readonly needsAuthentication: boolean;
}

/** A port that is open; who answers on it is set once it is known, since that depends on the port. */
export class KafkaListener {
  readonly #server: Server;
  readonly #options: ListenerOptions;
  readonly #connections = new Set<Connection>();
  /** Also those that have not agreed on TLS. */
  readonly #sockets = new Set<Socket>();
  #budget: RequestBudget | undefined;
  #gateway: Gateway | undefined;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    const { tls } = options;
    this.#server =
      tls === undefined
        ? createServer({ allowHalfOpen: true })
        : createTlsServer({ handshakeTimeout: tlsHandshakeMsMax, ...tls, allowHalfOpen: true });
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    this.#server.maxConnections = gatewayConnectionsMax;
    this.#server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => this.#accept(socket));
    // A handshake that fails is the client's affair.
    this.#server.on("tlsClientError", (_error, socket: Socket) => socket.destroy());
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

  /** From now on connections are served. */
  serve(gateway: Gateway): void {
    this.#budget = new RequestBudget(() => gateway.clock.monotonicMs());
    this.#gateway = gateway;
  }

  /** Takes no more connections, answers what is under way, and ends within `gatewayCloseMsMax`. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const connection of this.#connections) connection.end();
    const timeout = setTimeout(() => {
      for (const connection of this.#connections) connection.close();
      for (const socket of this.#sockets) socket.destroy();
    }, gatewayCloseMsMax);
    await promise;
    clearTimeout(timeout);
  }

  #accept(socket: Socket): void {
    const { needsAuthentication } = this.#options;
    const gateway = this.#gateway;
    const budget = this.#budget;
    if (gateway === undefined || budget === undefined || !this.#server.listening) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, { gateway, budget, needsAuthentication });
    this.#connections.add(connection);
    socket.on("close", () => this.#connections.delete(connection));
  }
}
