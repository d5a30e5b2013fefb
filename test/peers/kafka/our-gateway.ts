/** Our server with its port for Kafka's clients, as `streamkeeper serve` starts it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Broker } from "./broker.ts";

const startMsMax = 60_000;
const outputCharactersMax = 100_000;
const shim = join(import.meta.dirname, "..", "..", "..", "local", "bin", "streamkeeper.js");

export interface OurGateway extends Broker {
  /** Where the HTTP API is. */
  readonly url: string;
  readonly pid: number | undefined;
  /** The last that it wrote. */
  readonly output: () => string;
}

export interface OurGatewayOptions {
  /** More of the command's arguments. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a server with an empty store. @throws Error with what it wrote, if it does not start */
export async function startOurGateway({ args = [], env = {} }: OurGatewayOptions = {}): Promise<OurGateway> {
  const folder = await mkdtemp(join(tmpdir(), "streamkeeper-gateway-"));
  const command = [shim, "serve", "--port", "0", "--kafka-port", "0", "--data", join(folder, "data"), ...args];
  const server = spawn(process.execPath, command, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killAtExit = (): void => void server.kill("SIGKILL");
  process.once("exit", killAtExit);
  const stop = async (): Promise<void> => {
    process.removeListener("exit", killAtExit);
    if (server.exitCode === null && server.signalCode === null) {
      server.kill("SIGKILL");
      await once(server, "exit");
    }
    await rm(folder, { recursive: true, force: true });
  };
  let output = "";
  const ready = Promise.withResolvers<void>();
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-outputCharactersMax);
    if (output.includes("Ctrl-C stops it.")) ready.resolve();
  };
  server.stdout.on("data", collect);
  server.stderr.on("data", collect);
  server.once("exit", () => ready.resolve());
  const timeout = setTimeout(() => ready.resolve(), startMsMax);
  await ready.promise;
  clearTimeout(timeout);
  const url = /listens on (http:\S+)/.exec(output)?.[1];
  const bootstrap = /Kafka's clients connect to (\S+)/.exec(output)?.[1];
  if (url === undefined || bootstrap === undefined) {
    await stop();
    throw new Error(`our server did not start:\n${output}`);
  }
  return { bootstrap, url, pid: server.pid, output: () => output, stop };
}
