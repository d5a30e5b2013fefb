/** `streamkeeper serve` in a process of its own, on free ports, with its data in a folder that goes with it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const startMsMax = 60_000;
const stopMsMax = 20_000;
const outputCharactersMax = 1024 * 1024;
const root = join(import.meta.dirname, "..", "..", "..");

export interface OurKafkaOptions {
  /** Where the data are. Default: a new folder, which is removed. */
  readonly dataFolder?: string;
  /** Options for Node, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[];
  /** More options of `serve`. */
  readonly serveOptions?: readonly string[];
}

export interface OurKafka extends AsyncDisposable {
  /** `127.0.0.1:<port>` for Kafka's clients. */
  readonly bootstrap: string;
  /** Of the HTTP API. */
  readonly url: string;
  /** Where its data are. */
  readonly dataFolder: string;
  readonly pid: number | undefined;
  /** All that it has written so far. */
  readonly output: () => string;
  /** Asks it to end (SIGINT), as a profile needs it; SIGKILL where it does not. */
  stop(): Promise<void>;
}

/** Starts the server. @throws Error with what it wrote, if it does not say where it listens */
export async function startOurKafka(options: OurKafkaOptions = {}): Promise<OurKafka> {
  const folder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), "streamkeeper-peer-")));
  const { nodeOptions = [], serveOptions = [] } = options;
  const ports = ["--port", "0", "--kafka-port", "0", "--zookeeper-port", "0"];
  const serve = ["serve", ...ports, "--data", folder, ...serveOptions];
  const child = spawn(process.execPath, [...nodeOptions, join(root, "local", "bin", "streamkeeper.js"), ...serve], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const killAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  let output = "";
  const started = Promise.withResolvers<{ readonly bootstrap: string; readonly url: string }>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-outputCharactersMax);
      const url = /listens on (\S+)/.exec(output)?.[1];
      const bootstrap = /clients connect to (\S+:\d+)/.exec(output)?.[1];
      if (url !== undefined && bootstrap !== undefined) started.resolve({ url, bootstrap });
    });
  }
  const closed = once(child, "close");
  const stop = async (): Promise<void> => {
    const timeout = setTimeout(killAtExit, stopMsMax);
    child.kill("SIGINT");
    await closed;
    clearTimeout(timeout);
    process.removeListener("exit", killAtExit);
    if (options.dataFolder === undefined) await rm(folder, { recursive: true, force: true });
  };
  void closed.then(() => started.reject(new Error(`the server ended:\n${output}`)));
  const late = setTimeout(() => started.reject(new Error(`the server did not start:\n${output}`)), startMsMax);
  try {
    const { bootstrap, url } = await started.promise;
    return {
      bootstrap,
      url,
      dataFolder: folder,
      pid: child.pid,
      output: () => output,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(late);
  }
}
