/** `streamkeeper gateway`, several times, next to one store on emulators of AWS; each may be killed and started again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createNodeEnvironment } from "../../../shared/storage/node/node-environment.ts";
import type { AwsResourceNames, AwsStorage } from "../../../shared/storage/aws/aws-storage.ts";
import { createEmulatedResources, openEmulatedStorage } from "../../emulators/emulated-storage.ts";
import { type Emulators, startEmulators } from "../../emulators/emulators.ts";
import { freePort } from "../../free-port.ts";

const startMsMax = 60_000;
const outputCharactersMax = 256 * 1024;
const program = join(import.meta.dirname, "..", "..", "..", "local", "bin", "streamkeeper.js");

interface Gateway {
  readonly nodeId: number;
  readonly port: number;
  readonly zookeeperPort: number;
  child: ChildProcess | undefined;
}

interface Next {
  readonly names: AwsResourceNames;
  readonly variables: Readonly<Record<string, string>>;
  readonly more: readonly string[];
}

export class GatewayProcesses implements AsyncDisposable {
  readonly #emulators: Emulators;
  readonly #names: AwsResourceNames;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #more: readonly string[];
  readonly #gateways: readonly Gateway[];
  readonly #killAtExit = (): void => {
    for (const { child } of this.#gateways) child?.kill("SIGKILL");
  };
  /** What all of them have written so far. */
  output = "";

  private constructor(
    emulators: Emulators,
    { names, variables, more }: Next,
    ports: readonly (readonly [number, number])[],
  ) {
    this.#emulators = emulators;
    this.#variables = variables;
    this.#names = names;
    this.#more = more;
    this.#gateways = ports.map(([port, zookeeperPort], index) => ({
      nodeId: index + 1,
      port,
      zookeeperPort,
      child: undefined,
    }));
    process.once("exit", this.#killAtExit);
  }

  /** @param more options of each gateway */
  static async start(count: number, more: readonly string[] = []): Promise<GatewayProcesses> {
    const emulators = await startEmulators();
    const names = await createEmulatedResources(emulators, createNodeEnvironment(), "gateways");
    const variables = {
      ...emulators.variables,
      STREAMKEEPER_LOG_TABLE: names.logTable,
      STREAMKEEPER_ITEM_TABLE: names.itemTable,
      STREAMKEEPER_BUCKET: names.bucket,
      STREAMKEEPER_DUTY_QUEUE_URL: names.dutyQueueUrl ?? "",
      STREAMKEEPER_EXPIRY_QUEUE_URL: names.expiryQueueUrl ?? "",
    };
    const ports = await Promise.all(
      Array.from({ length: count }, async () => [await freePort(), await freePort()] as const),
    );
    const gateways = new GatewayProcesses(emulators, { names, variables, more }, ports);
    try {
      await Promise.all(ports.map((_port, index) => gateways.begin(index)));
    } catch (error) {
      await gateways[Symbol.asyncDispose]();
      throw error;
    }
    return gateways;
  }

  get zookeeperPorts(): readonly number[] {
    return this.#gateways.map(({ zookeeperPort }) => zookeeperPort);
  }

  /** The store that all of them use, for another process. */
  openStorage(): AwsStorage {
    return openEmulatedStorage(this.#emulators, createNodeEnvironment(), this.#names);
  }

  /** What clients begin with. */
  get bootstrap(): readonly string[] {
    return this.#gateways.map(({ port }) => `127.0.0.1:${port}`);
  }

  /** The connect string for clients of ZooKeeper. */
  get zookeeperAddress(): string {
    return this.#gateways.map(({ zookeeperPort }) => `127.0.0.1:${zookeeperPort}`).join(",");
  }

  /** Starts one that is not running. @throws Error with what was written, if it does not say where it listens */
  async begin(index: number): Promise<void> {
    const gateway = this.#at(index);
    const { port, zookeeperPort, nodeId } = gateway;
    const ports = ["--kafka-port", String(port), "--zookeeper-port", String(zookeeperPort)];
    const listening = [...ports, "--node-id", String(nodeId), ...this.#more];
    const child = spawn(process.execPath, [program, "gateway", ...listening], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...this.#variables },
    });
    gateway.child = child;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let own = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        own += text.slice(0, outputCharactersMax - own.length);
        this.output = (this.output + text).slice(-outputCharactersMax);
        if (own.includes("clients connect to")) resolve();
      });
    }
    child.once("exit", () => reject(new Error(`gateway ${gateway.nodeId} ended:\n${own}`)));
    const late = setTimeout(() => reject(new Error(`gateway ${gateway.nodeId} did not start:\n${own}`)), startMsMax);
    try {
      await promise;
    } finally {
      clearTimeout(late);
    }
  }

  /** As a power cut does it. */
  async kill(index: number): Promise<void> {
    const gateway = this.#at(index);
    const { child } = gateway;
    gateway.child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** It stands still, with its connections, until `goOn`. */
  stop(index: number): void {
    this.#at(index).child?.kill("SIGSTOP");
  }

  goOn(index: number): void {
    this.#at(index).child?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#gateways.map((_gateway, index) => this.kill(index)));
    await this.#emulators.stop();
    process.removeListener("exit", this.#killAtExit);
  }

  #at(index: number): Gateway {
    const gateway = this.#gateways[index];
    if (gateway === undefined) throw new RangeError(`there is no gateway ${index}`);
    return gateway;
  }
}
