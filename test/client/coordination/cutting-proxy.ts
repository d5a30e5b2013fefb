/** A way to a server on which connections break: at any byte, without a word. */
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

export class CuttingProxy implements AsyncDisposable {
  /** Connections that were cut while something was under way on them. */
  cuts = 0;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #random: () => number;

  /** @param random from 0 to 1 */
  private constructor(target: string, random: () => number) {
    this.#random = random;
    const { hostname, port } = new URL(target);
    this.#server = createServer((near) => {
      const far = connect(Number(port), hostname);
      this.#open.add(near);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on("error", () => to.destroy());
        from.on("close", () => to.destroy());
        from.on("data", (chunk) => to.write(chunk));
      }
      near.on("close", () => this.#open.delete(near));
    });
  }

  static async start(target: string, random: () => number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target, random);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Breaks one of the open connections, whichever. */
  cut(): void {
    const open = [...this.#open];
    const socket = open[Math.floor(this.#random() * open.length)];
    if (socket === undefined) return;
    this.cuts += 1;
    socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
