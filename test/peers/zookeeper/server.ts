/** A real ZooKeeper, standalone, on this machine; gone when it is stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fetchDependencies, requireJava } from "../java-peer.ts";
import { freePort } from "../../free-port.ts";

const startMsMax = 60_000;
const answerMsMax = 1_000;
const tickMsDefault = 2_000;
/** So long that containers and TTL znodes are never removed. */
const containerCheckMsDefault = 1_000_000_000;

export interface ZooKeeperOptions {
  /** Sessions last for 2 to 20 of them. Default: ZooKeeper's. */
  readonly tickMs?: number;
  /** How often containers and TTL znodes are looked for that may be removed. Default: never. */
  readonly containerCheckMs?: number;
  /** Whether a write is answered only once it is on the disk, as ZooKeeper does by default. Default here: no. */
  readonly forcesSync?: boolean;
  /** Another port, for TLS, with a file that has a key and its certificate. */
  readonly tls?: { readonly port: number; readonly keyFile: string; readonly certificateFile: string };
  /** Where the folder with its data is made. Default: that of temporary files. */
  readonly parentFolder?: string;
}

/** As ZooKeeper comes; without a file every request would be written about. */
const loggingConfig = `<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%level %logger %msg%n</pattern></encoder></appender>
  <root level="INFO"><appender-ref ref="out"/></root>
</configuration>
`;

export interface ZooKeeperServer extends AsyncDisposable {
  readonly port: number;
  readonly pid: () => number | undefined;
  /** Kills it and starts it again on the same data and port. */
  restart(): Promise<void>;
}

/**
 * TTL znodes are switched on; nothing is forced to disk unless that is asked for.
 *
 * @param superDigest as `DigestAuthenticationProvider` takes it
 * @throws Error that says what is missing
 */
export async function startZooKeeper(superDigest: string, options: ZooKeeperOptions = {}): Promise<ZooKeeperServer> {
  requireJava();
  const classPath = fetchDependencies(import.meta.dirname);
  const folder = await mkdtemp(join(options.parentFolder ?? tmpdir(), "streamkeeper-zookeeper-"));
  const port = await freePort();
  const file = join(folder, "zoo.cfg");
  await writeFile(
    file,
    `tickTime=${options.tickMs ?? tickMsDefault}\ndataDir=${folder}\nclientPort=${port}\nclientPortAddress=127.0.0.1\nmaxClientCnxns=0\nadmin.enableServer=false\n`,
  );
  if (options.tls !== undefined) await addSecurePort(file, folder, options.tls);
  const logging = join(folder, "logback.xml");
  await writeFile(logging, loggingConfig);
  const settings = [
    `-Dlogback.configurationFile=${logging}`,
    "-Dzookeeper.extendedTypesEnabled=true",
    "-Dzookeeper.4lw.commands.whitelist=*",
    `-Dzookeeper.forceSync=${options.forcesSync === true ? "yes" : "no"}`,
    `-Dznode.container.checkIntervalMs=${options.containerCheckMs ?? containerCheckMsDefault}`,
    "-Dzookeeper.jmx.log4j.disable=true",
    // Only this one has TLS.
    ...(options.tls === undefined
      ? []
      : ["-Dzookeeper.serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory"]),
    `-Dzookeeper.DigestAuthenticationProvider.superDigest=${superDigest}`,
  ];
  const main = "org.apache.zookeeper.server.ZooKeeperServerMain";
  const line = [...settings, "-Xmx1g", "-cp", classPath, main, file];
  let java: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (java !== undefined) await kill(java);
    await rm(folder, { recursive: true, force: true });
  };
  const restart = async (): Promise<void> => {
    if (java !== undefined) await kill(java);
    java = await run(line, port);
  };
  try {
    await restart();
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, pid: () => java?.pid, restart, [Symbol.asyncDispose]: stop };
}

async function addSecurePort(
  file: string,
  folder: string,
  { port, keyFile, certificateFile }: NonNullable<ZooKeeperOptions["tls"]>,
): Promise<void> {
  const keyStore = join(folder, "keys.pem");
  await writeFile(keyStore, `${await readFile(keyFile, "utf8")}${await readFile(certificateFile, "utf8")}`);
  const keys = `ssl.keyStore.location=${keyStore}\nssl.keyStore.type=PEM\nssl.clientAuth=none\n`;
  await appendFile(file, `secureClientPort=${port}\nsecureClientPortAddress=127.0.0.1\n${keys}`);
}

/** @throws Error with what it wrote, if it does not answer in time */
async function run(line: readonly string[], port: number): Promise<ChildProcess> {
  const java = spawn("java", line, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [java.stdout, java.stderr]) {
    stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
  }
  const endMs = performance.now() + startMsMax;
  while (!(await answers(port))) {
    if (java.exitCode !== null || performance.now() > endMs) {
      await kill(java);
      throw new Error(`ZooKeeper did not start:\n${output}`);
    }
    await sleep(100);
  }
  return java;
}

async function kill(java: ChildProcess): Promise<void> {
  if (java.exitCode !== null || java.signalCode !== null) return;
  java.kill("SIGKILL");
  await once(java, "exit");
}

/** A port that is open is not yet a server that runs: the four-letter word is answered with the version by then. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  // What is asked too early is never answered.
  socket.setTimeout(answerMsMax, () => socket.destroy());
  try {
    socket.write("srvr");
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    return text.startsWith("Zookeeper version");
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
