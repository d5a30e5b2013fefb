/** What ZooKeeper's clients are run against: Apache ZooKeeper and ours, each in a process that can be killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../free-port.ts";
import { startZooKeeper } from "./server.ts";

const startMsMax = 60_000;
const outputCharactersMax = 256 * 1024;
const program = join(import.meta.dirname, "..", "..", "..", "local", "bin", "streamkeeper.js");
/** Sessions of 1 s to 10 s, as ours are at least. */
const tickMs = 500;
/** As ZooKeeper does. */
const containerCheckMsDefault = 60_000;

export interface Server extends AsyncDisposable {
  /** `127.0.0.1:<port>`, before and after it is restarted. */
  readonly address: string;
  /** Kills it (SIGKILL) and starts it again on the same data. */
  restart(): Promise<void>;
}

export interface ServerOptions {
  /** How often ZooKeeper looks for containers and TTL znodes that may go. Ours has times of its own. Default: 60 s. */
  readonly containerCheckMs?: number;
  /** Its address speaks TLS, with the certificate in `certificateFile`. */
  readonly isSecure?: boolean;
}

const tlsFolder = join(import.meta.dirname, "..", "..", "fixtures", "tls");
/** Of `127.0.0.1`, and its own authority. */
export const certificateFile: string = join(tlsFolder, "localhost.crt");
const keyFile = join(tlsFolder, "localhost.key");

/** Each with its name in the tests' titles. */
export const servers = [
  ["ZooKeeper 3.8", startReal],
  ["ours", startOurs],
] as const;

/** @throws Error that says what is missing */
async function startReal(options: ServerOptions = {}): Promise<Server> {
  const { containerCheckMs = containerCheckMsDefault, isSecure = false } = options;
  const tls = isSecure ? { port: await freePort(), keyFile, certificateFile } : undefined;
  const server = await startZooKeeper("", { tickMs, containerCheckMs, ...(tls === undefined ? {} : { tls }) });
  return {
    address: `127.0.0.1:${tls?.port ?? server.port}`,
    restart: () => server.restart(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** @throws Error with what it wrote, if it does not listen in time */
async function startOurs({ isSecure = false }: ServerOptions = {}): Promise<Server> {
  const tls = isSecure ? ["--zookeeper-tls-cert", certificateFile, "--zookeeper-tls-key", keyFile] : [];
  const folder = await mkdtemp(join(tmpdir(), "streamkeeper-zookeeper-"));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const killAtExit = (): void => void child?.kill("SIGKILL");
  process.once("exit", killAtExit);
  const restart = async (): Promise<void> => {
    if (child !== undefined) await kill(child);
    child = await serve(folder, port, tls);
  };
  const stop = async (): Promise<void> => {
    if (child !== undefined) await kill(child);
    process.removeListener("exit", killAtExit);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await restart();
  } catch (error) {
    await stop();
    throw error;
  }
  return { address: `127.0.0.1:${port}`, restart, [Symbol.asyncDispose]: stop };
}

async function serve(folder: string, port: number, tls: readonly string[]): Promise<ChildProcess> {
  const ports = ["--port", "0", "--kafka-port", "0", "--zookeeper-port", String(port)];
  const options = [...ports, "--zookeeper-tick-time", String(tickMs), "--data", folder, ...tls];
  const child = spawn(process.execPath, [program, "serve", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-outputCharactersMax);
    });
  }
  const endMs = performance.now() + startMsMax;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > endMs) {
      await kill(child);
      throw new Error(`the server did not start:\n${output}`);
    }
    await sleep(50);
  }
  return child;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
