/** A real Apache Kafka, one broker in KRaft's combined mode, and Kafka's own tools, which work on any server. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fetchDependencies, requireJava } from "../java-peer.ts";
import { runJava, startJava } from "./java-process.ts";
import type { JavaEnd, JavaProcess, JavaRun } from "./java-process.ts";
import { freePort } from "../../free-port.ts";

const startMsMax = 120_000;
/** 16 bytes; an option's value cannot start with a dash. */
const clusterId = Buffer.from("streamkeeper-one").toString("base64url");
const toolsFolder = join(import.meta.dirname, "..", "kafka-tools");

type Properties = Readonly<Record<string, string>>;

export interface RealKafkaOptions {
  /** Every append is forced to the disk before it is answered, as our embedded store does. Default: never, as Kafka's is. */
  readonly flushesEveryAppend?: boolean;
  /** More of the broker's properties, over those that are set here; or how they follow from those. */
  readonly properties?: Properties | ((own: Properties) => Properties);
  /** Largest heap. Default: 512m. */
  readonly heap?: string;
  /** Where the folder with its data is made. Default: that of temporary files. */
  readonly parentFolder?: string;
}

export interface RealKafka extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly bootstrap: string;
  /** The folder that holds the partitions' folders. */
  readonly logFolder: string;
  readonly pid: number | undefined;
  /** Ends the broker at once and removes its data. */
  stop(): Promise<void>;
}

/** Starts a broker with an empty log. @throws Error that says what is missing, or what the broker wrote */
export async function startRealKafka(options: RealKafkaOptions = {}): Promise<RealKafka> {
  const classPath = kafkaClassPath();
  const folder = await mkdtemp(join(options.parentFolder ?? tmpdir(), "streamkeeper-kafka-"));
  const logFolder = join(folder, "log");
  const port = await freePort();
  const file = join(folder, "server.properties");
  const own = { ...propertiesOf(port, await freePort(), logFolder), ...flushSettings(options) };
  const { properties = {} } = options;
  const settings = { ...own, ...(typeof properties === "function" ? properties(own) : properties) };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(file, lines.join(""));
  let broker: JavaProcess | undefined;
  const stop = async (): Promise<void> => {
    await broker?.kill();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const format = ["format", "--config", file, "--cluster-id", clusterId];
    const formatted = await runJava({
      mainClass: "kafka.tools.StorageTool",
      args: format,
      classPath,
      logLevel: "error",
    });
    if (formatted.status !== 0)
      throw new Error(`Kafka's log was not formatted: ${formatted.stderr}${formatted.stdout}`);
    const heap = `-Xmx${options.heap ?? "512m"}`;
    broker = startJava({
      mainClass: "kafka.Kafka",
      args: [file],
      classPath,
      options: [heap, "-XX:+UseG1GC"],
      logLevel: "warn",
    });
    await waitUntilAnswers(broker, port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { bootstrap: `127.0.0.1:${port}`, logFolder, pid: broker.pid, stop, [Symbol.asyncDispose]: stop };
}

/** Kafka's tools and the broker. @throws Error that says what is missing */
export function kafkaClassPath(): string {
  requireJava();
  return fetchDependencies(toolsFolder);
}

/** Runs one of Kafka's tools to its end, such as `org.apache.kafka.tools.TopicCommand`. */
export function runKafkaTool(
  mainClass: string,
  args: readonly string[],
  options: { readonly stdin?: string; readonly timeoutMs?: number } & Pick<
    JavaRun,
    "options" | "logLevel" | "cwd"
  > = {},
): Promise<JavaEnd> {
  const { stdin, timeoutMs, ...run } = options;
  return runJava(
    { mainClass, args, classPath: kafkaClassPath(), ...run },
    { ...(stdin === undefined ? {} : { stdin }), ...(timeoutMs === undefined ? {} : { timeoutMs }) },
  );
}

/** Starts one of Kafka's tools that runs until it is stopped. */
export function startKafkaTool(
  mainClass: string,
  args: readonly string[],
  options: Pick<JavaRun, "options" | "logLevel"> = {},
): JavaProcess {
  return startJava({ mainClass, args, classPath: kafkaClassPath(), ...options });
}

function propertiesOf(port: number, controllerPort: number, logFolder: string): Record<string, string> {
  return {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    "controller.listener.names": "CONTROLLER",
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "log.dirs": logFolder,
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.consumer.min.heartbeat.interval.ms": "500",
    "group.consumer.heartbeat.interval.ms": "1000",
    // What Flink's sink asks for by default.
    "transaction.max.timeout.ms": "3600000",
    "num.network.threads": "2",
    "num.io.threads": "4",
  };
}

function flushSettings({ flushesEveryAppend = false }: RealKafkaOptions): Record<string, string> {
  return flushesEveryAppend ? { "log.flush.interval.messages": "1" } : {};
}

async function waitUntilAnswers(broker: JavaProcess, port: number): Promise<void> {
  const endMs = performance.now() + startMsMax;
  while (!(await answers(port))) {
    if (!broker.isRunning || performance.now() > endMs) {
      const { stdout, stderr } = await broker.kill();
      throw new Error(`Kafka did not start:\n${stdout}\n${stderr}`);
    }
    await sleep(100);
  }
}

/** A port is open before its broker is ready: ApiVersions is answered when it is. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    const apiVersions = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 255, 255]);
    socket.setTimeout(5_000, () => socket.destroy());
    socket.write(apiVersions);
    for await (const chunk of socket) if ((chunk as Buffer).length > 0) return true;
    return false;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
