/** A server in a process of its own, so that it and its clients each have a core. Started by `start-server.ts`. */
import { startServer } from "../../local/server.ts";
import { hostServices } from "./hosted-services.ts";
import type { HostOptions } from "./hosted-services.ts";

/** What this process says to the one that started it. */
export type ServerMessage =
  | { readonly kind: "listening"; readonly url: string }
  | ({ readonly kind: "usage" } & ServerUsage);

export interface ServerUsage {
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  /** Processor time so far. */
  readonly cpuMs: number;
}

const options = JSON.parse(process.argv[2] ?? "{}") as HostOptions;
const hosted = await hostServices(options);
const server = await startServer({ services: hosted.services, host: "127.0.0.1", port: 0 });

function say(message: ServerMessage): void {
  process.send?.(message);
}

/** Any message asks what this process uses; the other side hanging up ends it. */
process.on("message", () => {
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const cpuMs = (user + system) / 1_000;
  say({ kind: "usage", rssBytes: rss, heapBytes: heapUsed, externalBytes: external, cpuMs });
});
process.once("disconnect", () => {
  void server
    .close()
    .then(() => hosted[Symbol.asyncDispose]())
    .then(() => process.exit(0));
});
// Ctrl-C reaches the whole group; this process ends when the other one does.
process.on("SIGINT", () => {});
say({ kind: "listening", url: server.url });
