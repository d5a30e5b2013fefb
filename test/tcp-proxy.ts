/** Stands between a client and a server, and parts them as networks do. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

const refusalMs = 50;

export class TcpProxy implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #refused = new Set<Socket>();
  #isRefusing = false;
  #isSilent = false;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (client: Socket) => this.#join(client, targetPort));
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TcpProxy(server, targetPort);
  }

  /** How many clients it stands before. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Ends every connection; new ones are let through. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends every connection, and each new one at once, until `heal`. */
  refuse(): void {
    this.#isRefusing = true;
    this.cut();
  }

  /** Nothing passes any more, and nobody is told so, until `heal`. */
  silence(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  heal(): void {
    this.#isRefusing = false;
    this.#isSilent = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.cut();
    for (const socket of this.#refused) socket.destroy();
    await closed;
  }

  #join(client: Socket, targetPort: number): void {
    if (this.#isRefusing) {
      // Not at once, or clients that come back without a pause use up the processor.
      this.#refused.add(client);
      client.on("error", () => undefined).once("close", () => this.#refused.delete(client));
      setTimeout(() => client.destroy(), refusalMs).unref();
      return;
    }
    const server = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    this.#pass(client, server);
    this.#pass(server, client);
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on("data", (chunk: Buffer) => {
      if (!to.write(chunk)) from.pause();
    });
    to.on("drain", () => {
      if (!this.#isSilent) from.resume();
    });
    from.on("error", () => undefined);
    from.on("close", () => {
      this.#sockets.delete(from);
      // What was said last still arrives.
      to.destroySoon();
    });
    if (this.#isSilent) from.pause();
  }
}
