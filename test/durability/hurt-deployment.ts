/** Servers that are killed and paused from outside, and started again as a supervisor would. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import { createEmulatedResources } from "../emulators/emulated-storage.ts";
import { startEmulators } from "../emulators/emulators.ts";
import { type ServerProcess, startServerProcess } from "../emulators/server-process.ts";

const shim = join(import.meta.dirname, "../../local/bin/streamkeeper.js");
const script = join(import.meta.dirname, "hurt-servers.sh");
const lookEveryMs = 100;

export interface HurtDeployment extends AsyncDisposable {
  /** With commas, as `streamkeeper verify` takes them. */
  readonly endpoints: string;
  /** A command of the shell that hurts one of the servers. */
  readonly hurt: string;
  /** Starts of servers after the first of each. */
  readonly restarts: () => number;
}

export type DeploymentKind = "embedded" | "aws";

/** One server on the embedded store, or several on emulators of AWS, with data in a folder that exists. */
export async function startHurtDeployment(kind: DeploymentKind, folder: string): Promise<HurtDeployment> {
  await using undo = new AsyncDisposableStack();
  const pids = join(folder, "pids");
  await mkdir(pids);
  if (kind === "aws") undo.defer(await emulateAws());
  const store = kind === "aws" ? ["--store", "aws"] : ["--store", "embedded", "--data", join(folder, "data")];
  const servers: SupervisedServer[] = [];
  for (let index = 0; index < (kind === "aws" ? 2 : 1); index += 1) {
    const server = await SupervisedServer.start(store, join(pids, `${index}.pid`));
    undo.use(server);
    servers.push(server);
  }
  const started = undo.move();
  return {
    endpoints: servers.map(({ url }) => url).join(","),
    hurt: `${script} '${pids}'`,
    restarts: () => servers.reduce((sum, server) => sum + server.restarts, 0),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Sets the variables by which servers find the emulators. */
async function emulateAws(): Promise<() => Promise<void>> {
  const emulators = await startEmulators();
  const names = await createEmulatedResources(emulators, createNodeEnvironment(), "verify");
  Object.assign(process.env, emulators.variables, {
    STREAMKEEPER_LOG_TABLE: names.logTable,
    STREAMKEEPER_ITEM_TABLE: names.itemTable,
    STREAMKEEPER_BUCKET: names.bucket,
    STREAMKEEPER_DUTY_QUEUE_URL: names.dutyQueueUrl ?? "",
    STREAMKEEPER_EXPIRY_QUEUE_URL: names.expiryQueueUrl ?? "",
  });
  return () => emulators.stop();
}

class SupervisedServer implements AsyncDisposable {
  restarts = 0;
  readonly #store: readonly string[];
  readonly #pidFile: string;
  readonly #watching: Promise<void>;
  #process: ServerProcess;
  #isStopping = false;

  private constructor(process: ServerProcess, store: readonly string[], pidFile: string) {
    this.#process = process;
    this.#store = store;
    this.#pidFile = pidFile;
    this.#watching = this.#watch();
  }

  static async start(store: readonly string[], pidFile: string): Promise<SupervisedServer> {
    const server = await startServer(store, undefined);
    await writeFile(pidFile, String(server.pid));
    return new SupervisedServer(server, store, pidFile);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#process.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await this.#watching;
    await this.#process.stop();
    await rm(this.#pidFile);
  }

  async #watch(): Promise<void> {
    while (!this.#isStopping) {
      await sleep(lookEveryMs);
      if (isAlive(this.#process.pid)) continue;
      // Whoever waits for it on a descriptor is told that it is over.
      await this.#process.stop();
      this.#process = await startServer(this.#store, this.#process.port);
      this.restarts += 1;
      await writeFile(this.#pidFile, String(this.#process.pid));
    }
  }
}

function startServer(store: readonly string[], port: number | undefined): Promise<ServerProcess> {
  return startServerProcess({
    program: process.execPath,
    arguments: (free) => [shim, "serve", "--port", String(free), "--quiet", ...store],
    ...(port === undefined ? {} : { port }),
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
