/** The real server on a folder of its own, which is killed and started again at the same address. */
import { join } from "node:path";
import { type ServerProcess, startServerProcess } from "../emulators/server-process.ts";
import { freePort } from "../free-port.ts";

const shim = join(import.meta.dirname, "../../local/bin/streamkeeper.js");

export class KilledServer {
  readonly #port: number;
  readonly #dataFolder: string;
  #process: ServerProcess | undefined;
  /** Resolved while the server runs. */
  #up = Promise.withResolvers<void>();

  private constructor(port: number, dataFolder: string) {
    this.#port = port;
    this.#dataFolder = dataFolder;
  }

  static async create(dataFolder: string): Promise<KilledServer> {
    return new KilledServer(await freePort(), dataFolder);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Waits until the server runs. */
  async running(): Promise<void> {
    await this.#up.promise;
  }

  async start(): Promise<void> {
    this.#process = await startServerProcess({
      program: process.execPath,
      arguments: (port) => [shim, "serve", "--port", String(port), "--data", this.#dataFolder, "--quiet"],
      port: this.#port,
    });
    this.#up.resolve();
  }

  /** As `kill -9` does. */
  async kill(): Promise<void> {
    this.#up = Promise.withResolvers<void>();
    await this.#process?.kill();
    this.#process = undefined;
  }

  async stop(): Promise<void> {
    this.#up = Promise.withResolvers<void>();
    await this.#process?.stop();
    this.#process = undefined;
  }
}
