/** A server that a client's program is run against, behind a proxy, and who takes the program's orders for both. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline/promises";
import { TcpProxy } from "../../tcp-proxy.ts";
import type { Server, ServerOptions } from "./servers.ts";

export interface ClientBed extends AsyncDisposable {
  /** Of the proxy, `host:port`. */
  readonly address: string;
  /** Of the server itself. */
  readonly direct: string;
  /** Takes one line, `cut`, `refuse`, `silence`, `heal` or `restart`, and answers `done` when it is. */
  readonly control: string;
  /** Whether both addresses speak TLS. */
  readonly isSecure: boolean;
}

/** So often that a container goes while a test waits for it. */
const containerCheckMs = 500;

export async function openClientBed(
  start: (options: ServerOptions) => Promise<Server>,
  isSecure: boolean,
): Promise<ClientBed> {
  const server = await start({ containerCheckMs, isSecure });
  const proxy = await TcpProxy.start(Number(server.address.split(":")[1]));
  const control = createServer().listen(0, "127.0.0.1");
  await once(control, "listening");
  control.on("connection", (socket) => {
    socket.on("error", () => undefined);
    createInterface({ input: socket }).once("line", (order) => {
      void obey(order, server, proxy).then((answer) => socket.end(`${answer}\n`));
    });
  });
  return {
    address: `127.0.0.1:${proxy.port}`,
    direct: server.address,
    control: `127.0.0.1:${(control.address() as AddressInfo).port}`,
    isSecure,
    [Symbol.asyncDispose]: async () => {
      control.close();
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function obey(order: string, server: Server, proxy: TcpProxy): Promise<string> {
  switch (order) {
    case "cut":
    case "refuse":
    case "silence":
    case "heal":
      proxy[order]();
      return "done";
    case "restart":
      return server.restart().then(
        () => "done",
        (error: unknown) => `failed: ${String(error)}`,
      );
    default:
      return `failed: there is no order ${order}`;
  }
}
