/** A standalone cluster of Flink, its processes started one by one, which finds its leader through a ZooKeeper. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compileJava } from "../../compile-java.ts";
import { fetchDependencies, requireJava } from "../../java-peer.ts";
import { type JavaProcess, runJava, startJava } from "../../kafka/java-process.ts";
import { freePort } from "../../../free-port.ts";

/** Flink looks into classes of the JDK, which has to be allowed since Java 17. */
const opened = ["util", "lang", "net", "io", "nio", "util.concurrent", "util.concurrent.atomic", "time"];
const options = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"].concat(
  opened.map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`),
);
const jobManagerMain = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint";
const taskManagerMain = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner";
const pollMs = 100;

export class FlinkCluster implements AsyncDisposable {
  readonly #folder: string;
  readonly #classPath: string;
  readonly #quorum: string;
  readonly #processes: JavaProcess[] = [];

  private constructor(folder: string, classPath: string, quorum: string) {
    this.#folder = folder;
    this.#classPath = classPath;
    this.#quorum = quorum;
  }

  /** @param quorum the ZooKeeper's `host:port`. @throws Error that says what is missing */
  static async create(quorum: string): Promise<FlinkCluster> {
    requireJava();
    const libraries = fetchDependencies(import.meta.dirname);
    const classPath = `${compileJava(import.meta.dirname, libraries)}:${libraries}`;
    const folder = await mkdtemp(join(tmpdir(), "streamkeeper-flink-ha-"));
    for (const name of ["results", "checkpoints", "ha", "temporary"]) await mkdir(join(folder, name));
    return new FlinkCluster(folder, classPath, quorum);
  }

  async startJobManager(): Promise<JavaProcess> {
    return this.#start(jobManagerMain, ["-Xmx384m"]);
  }

  async startTaskManager(): Promise<JavaProcess> {
    return this.#start(taskManagerMain, ["-Xmx384m"]);
  }

  /** Submits the job of `SubmitCount.java`. @throws Error with what it wrote */
  async submit(numbers: number, perSecond: number): Promise<void> {
    const configuration = await this.#configuration("client");
    const args = [configuration, join(this.#folder, "results"), String(numbers), String(perSecond)];
    const mainClass = "streamkeeper.peers.flinkha.SubmitCount";
    const run = {
      mainClass,
      args,
      classPath: this.#classPath,
      options: [...options, "-Xmx256m"],
      logLevel: "warn",
    } as const;
    const { status, stdout, stderr } = await runJava(run);
    if (status !== 0) throw new Error(`the job was not submitted: ${status}\n${stderr}\n${stdout}\n${this.#wrote()}`);
  }

  /** What the job has written, by the file's name. */
  async results(): Promise<Readonly<Record<string, string>>> {
    const folder = join(this.#folder, "results");
    const names = (await readdir(folder)).toSorted();
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
    return Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ""]));
  }

  /** The highest number of a checkpoint that is complete; 0 if there is none. */
  async lastCheckpoint(): Promise<number> {
    const names = await readdir(join(this.#folder, "checkpoints"), { recursive: true });
    return Math.max(0, ...names.map((name) => Number(/chk-(\d+)\/_metadata$/.exec(name)?.[1] ?? 0)));
  }

  /** @throws Error with what the processes wrote, if `condition` does not become true in time */
  async until(what: string, msMax: number, condition: () => Promise<boolean>): Promise<void> {
    const endMs = performance.now() + msMax;
    while (!(await condition())) {
      if (performance.now() > endMs) throw new Error(`not within ${msMax} ms: ${what}\n${this.#wrote()}`);
      await sleep(pollMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((one) => one.kill()));
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async #start(mainClass: string, heap: readonly string[]): Promise<JavaProcess> {
    const configuration = await this.#configuration(`process-${this.#processes.length}`);
    const started = startJava({
      mainClass,
      args: ["--configDir", configuration],
      classPath: this.#classPath,
      options: [...options, ...heap],
      logLevel: "info",
    });
    this.#processes.push(started);
    return started;
  }

  /** A folder with the settings of one process. */
  async #configuration(name: string): Promise<string> {
    const folder = join(this.#folder, `configuration-${name}`);
    await mkdir(folder);
    const settings = { ...this.#settings(), "rest.port": await freePort() };
    const lines = Object.entries(settings).map(([key, value]) => `${key}: ${value}\n`);
    await writeFile(join(folder, "config.yaml"), lines.join(""));
    return folder;
  }

  #settings(): Record<string, string | number> {
    const folder = (name: string): string => `file://${join(this.#folder, name)}`;
    return {
      "high-availability.type": "zookeeper",
      "high-availability.zookeeper.quorum": this.#quorum,
      "high-availability.storageDir": folder("ha"),
      "high-availability.zookeeper.client.session-timeout": "4 s",
      "high-availability.zookeeper.client.connection-timeout": "4 s",
      "jobmanager.rpc.address": "127.0.0.1",
      "jobmanager.bind-host": "127.0.0.1",
      "rest.address": "127.0.0.1",
      "rest.bind-address": "127.0.0.1",
      "taskmanager.host": "127.0.0.1",
      "taskmanager.bind-host": "127.0.0.1",
      "taskmanager.numberOfTaskSlots": 2,
      // What the scripts of a distribution work out of one figure.
      "taskmanager.cpu.cores": 2,
      "taskmanager.memory.framework.heap.size": "128m",
      "taskmanager.memory.framework.off-heap.size": "64m",
      "taskmanager.memory.jvm-metaspace.size": "128m",
      "taskmanager.memory.jvm-overhead.min": "64m",
      "taskmanager.memory.jvm-overhead.max": "64m",
      "taskmanager.memory.task.heap.size": "128m",
      "taskmanager.memory.task.off-heap.size": "0",
      "taskmanager.memory.network.min": "32m",
      "taskmanager.memory.network.max": "32m",
      "taskmanager.memory.managed.size": "32m",
      "parallelism.default": 2,
      "state.backend.type": "hashmap",
      "execution.checkpointing.interval": "1 s",
      "execution.checkpointing.dir": folder("checkpoints"),
      "execution.checkpointing.storage": "filesystem",
      "restart-strategy.type": "fixed-delay",
      "restart-strategy.fixed-delay.attempts": 1_000,
      "restart-strategy.fixed-delay.delay": "500 ms",
      "heartbeat.interval": "1 s",
      "heartbeat.timeout": "8 s",
      "io.tmp.dirs": join(this.#folder, "temporary"),
    };
  }

  #wrote(): string {
    return this.#processes.map(({ stderr, stdout }) => (stdout + stderr).slice(-6_000)).join("\n----\n");
  }
}
