/** The gateway for ZooKeeper's protocol: a port, and a namespace's tree behind it. */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { describeError, type Log } from "../../functions/http/log.ts";
import { tlsHandshakeMsMax } from "../../shared/limits/connections.ts";
import { tickMsDefault, zookeeperCloseMsMax, zookeeperConnectionsMax } from "../../shared/limits/zookeeper-gateway.ts";
import type { Metrics } from "../../shared/metrics/metrics.ts";
import type { NamespaceFollower } from "../../shared/services/namespace-follower.ts";
import type { Services } from "../../shared/services/services.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import type { ZnodeTree } from "../../shared/tree/znode-tree.ts";
import { tellFailedHandshakes } from "../connections/failed-handshakes.ts";
import { type BudgetLimits, RequestBudget } from "../connections/request-budget.ts";
import { Connection } from "./connection.ts";
import { EventFrames } from "./event-frames.ts";
import type { Gateway } from "./gateway.ts";
import { Flusher } from "./outbox.ts";
import { JuteWriter } from "./protocol/jute-writer.ts";
import { SessionTable } from "./session-table.ts";
import { Traffic } from "./traffic.ts";
import { WatchTable } from "./watch-table.ts";
import { TurnWrites } from "./turn-writes.ts";
import { WriteRoom } from "./write-room.ts";

export interface ZooKeeperGatewayOptions {
  readonly services: Services;
  readonly storage: Pick<Storage, "clock" | "random" | "timers">;
  /** Where requests are counted, if anyone wants to know. */
  readonly metrics?: Metrics | undefined;
  readonly namespace: string;
  readonly log: Log;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Certificate and key, where clients speak TLS. */
  readonly tls?: TlsOptions | undefined;
  /** `user:base64(SHA-1(user:password))` of who may do everything. */
  readonly superDigest?: string | undefined;
  /** ZooKeeper's tickTime, in milliseconds; default 2,000. */
  readonly tickMs?: number | undefined;
  /** What all connections together may hold; default: as in `shared/limits/connections.ts`. */
  readonly limits?: BudgetLimits | undefined;
  /** Called before the first client is served. */
  readonly onFirstClient?: (() => Promise<void>) | undefined;
}

/** What a gateway holds for its clients at the moment. */
export interface HeldForClients {
  readonly connections: number;
  readonly sessions: number;
  readonly watchers: number;
  readonly watches: number;
  /** Of frames that are not whole. */
  readonly waitingBytes: number;
  /** Of requests that are not answered. */
  readonly requestBytes: number;
  /** Of answers that are not read. */
  readonly answerBytes: number;
  readonly writes: number;
}

export interface RunningZooKeeperGateway {
  readonly port: number;
  held(): HeldForClients;
  /**
   * Takes no more requests, answers those that are under way, and ends within `zookeeperCloseMsMax`, whether the store answers or
   * not. Sessions go on until their leases are over.
   */
  close(): Promise<void>;
}

/** @throws Error as node:net says where the port is taken or the host is not this machine's */
export async function startZooKeeperGateway(options: ZooKeeperGatewayOptions): Promise<RunningZooKeeperGateway> {
  const running = new RunningGateway(options);
  await running.listen();
  return running;
}

class RunningGateway implements RunningZooKeeperGateway {
  readonly #options: ZooKeeperGatewayOptions;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #openedMs: number;
  /** Those that have not agreed on TLS, or wait for the tree, by who is at the other end. */
  readonly #strangers = new Map<string, Socket>();
  #opening: Promise<Gateway> | undefined;
  #gateway: Gateway | undefined;

  constructor(options: ZooKeeperGatewayOptions) {
    this.#options = options;
    this.#openedMs = options.storage.clock.monotonicMs();
    const { tls } = options;
    this.#server =
      tls === undefined ? createServer() : createTlsServer({ handshakeTimeout: tlsHandshakeMsMax, ...tls });
    this.#server.maxConnections = zookeeperConnectionsMax;
    this.#server.on("connection", (socket: Socket) => {
      const end = endOf(socket);
      this.#strangers.set(end, socket);
      socket.on("close", () => {
        if (this.#strangers.get(end) === socket) this.#strangers.delete(end);
      });
    });
    this.#server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => this.#accept(socket));
    tellFailedHandshakes(this.#server, options.log, options.storage.clock);
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen({ port: this.#options.port, host: this.#options.host, backlog: 4096 }, resolve);
    await promise;
    this.#server.off("error", reject);
    this.#server.on("error", (error) => {
      this.#options.log("ERROR", "accepting a connection failed", { cause: describeError(error) });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  held(): HeldForClients {
    const gateway = this.#gateway;
    return {
      connections: this.#connections.size,
      sessions: gateway?.sessions.count ?? 0,
      watchers: gateway?.watches.watcherCount ?? 0,
      watches: gateway?.watches.count ?? 0,
      waitingBytes: gateway?.budget.waiting.bytes ?? 0,
      requestBytes: gateway?.budget.bytes ?? 0,
      answerBytes: gateway?.budget.answers.bytes ?? 0,
      writes: gateway?.room.taken ?? 0,
    };
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    // Nothing is heard of clients any more: their sessions must not end for that.
    this.#gateway?.sessions.close();
    for (const stranger of this.#strangers.values()) stranger.destroy();
    for (const connection of this.#connections) connection.finish();
    const timeout = setTimeout(() => {
      for (const connection of this.#connections) connection.close();
    }, zookeeperCloseMsMax);
    await promise;
    clearTimeout(timeout);
    if (this.#gateway !== undefined) stop(this.#gateway);
    // Nobody knows when, or whether, it will be there.
    else void this.#opening?.then(stop, () => undefined);
  }

  #accept(socket: Socket): void {
    if (this.#gateway === undefined) void this.#acceptFirst(socket);
    else this.#connect(socket, this.#gateway);
  }

  async #acceptFirst(socket: Socket): Promise<void> {
    // Nothing is read from it before; what breaks it then is its client's affair.
    const onError = (): void => void socket.destroy();
    socket.on("error", onError);
    try {
      this.#opening ??= this.#open();
      const gateway = await this.#opening;
      socket.off("error", onError);
      if (!socket.destroyed) this.#connect(socket, gateway);
    } catch (error) {
      this.#opening = undefined;
      this.#options.log("ERROR", "the gateway cannot serve", { cause: describeError(error) });
      socket.destroy();
    }
  }

  #connect(socket: Socket, gateway: Gateway): void {
    if (!this.#server.listening) {
      socket.destroy();
      return;
    }
    this.#strangers.delete(endOf(socket));
    const connection = new Connection(socket, gateway);
    this.#connections.add(connection);
    socket.on("close", () => this.#connections.delete(connection));
  }

  /** The tree is followed from the first client on. */
  async #open(): Promise<Gateway> {
    const { services, storage, namespace, log, superDigest, tickMs, tls, limits, metrics, onFirstClient } =
      this.#options;
    const { clock, timers, random } = storage;
    await onFirstClient?.();
    const watches = new WatchTable();
    let told: ZnodeTree | undefined;
    const follower: NamespaceFollower = await services.follow(
      namespace,
      (changes, tree) => {
        told = tree;
        for (const { zxid, events } of changes) for (const event of events) watches.tell(event, zxid);
      },
      (tree) => {
        told = tree;
        log("WARN", "the log no longer has what happened: clients have to connect again", { zxid: tree.lastZxid });
        for (const connection of this.#connections) connection.close();
      },
    );
    const owner = BigInt.asIntN(64, (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()));
    const writer = new JuteWriter();
    this.#gateway = {
      follower,
      told: () => told ?? follower.view,
      sessions: new SessionTable({ sessions: services.sessions, clock, timers, namespace, log, owner, tickMs }),
      watches,
      writer,
      events: new EventFrames(writer),
      flusher: new Flusher(),
      room: new WriteRoom(),
      writes: new TurnWrites(follower),
      budget: new RequestBudget(() => clock.monotonicMs(), limits),
      clock,
      openedMs: this.#openedMs,
      log,
      auth: { superDigest },
      traffic: new Traffic(),
      metrics,
      configuration: { port: this.port, isTls: tls !== undefined, tickMs: tickMs ?? tickMsDefault },
      connections: () => this.#connections,
      connectionCount: () => this.#connections.size,
    };
    return this.#gateway;
  }
}

function stop({ sessions, follower }: Gateway): void {
  sessions.close();
  follower.close();
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
