/** Stands between clients and a server, to cut their connections and to keep them away. */
import { once } from "node:events";
import { createServer, connect, type Server, type Socket } from "node:net";

export class CuttingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #holds = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param upstream `host:port` of the server */
  static async start(upstream: string): Promise<CuttingProxy> {
    const [host = "", port = ""] = upstream.split(":");
    const server = createServer();
    const proxy = new CuttingProxy(server);
    server.on("connection", (client) => {
      const onward = connect(Number(port), host);
      for (const [from, to] of [
        [client, onward],
        [onward, client],
      ] as const) {
        proxy.#sockets.add(from);
        from.setNoDelay(true);
        from.on("error", () => to.destroy());
        from.on("close", () => {
          proxy.#sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
      if (proxy.#holds) client.resetAndDestroy();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  /** `127.0.0.1:<port>`. */
  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    return `127.0.0.1:${address.port}`;
  }

  /** Breaks all connections; new ones are let through, unless they are held. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Breaks all connections, and every new one until `release`. */
  hold(): void {
    this.#holds = true;
    this.cut();
  }

  release(): void {
    this.#holds = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hold();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }
}
