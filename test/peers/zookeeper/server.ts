/** A real ZooKeeper, standalone, on this machine; gone when it is stopped. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fetchDependencies, requireJava } from "../java-peer.ts";
import { freePort } from "../../free-port.ts";

const startMsMax = 60_000;

export interface ZooKeeperServer extends AsyncDisposable {
  readonly port: number;
}

/**
 * TTL znodes are switched on, containers are never removed, nothing is forced to disk.
 *
 * @param superDigest as `DigestAuthenticationProvider` takes it
 * @throws Error that says what is missing
 */
export async function startZooKeeper(superDigest: string): Promise<ZooKeeperServer> {
  requireJava();
  const classPath = fetchDependencies(import.meta.dirname);
  const folder = await mkdtemp(join(tmpdir(), "streamkeeper-zookeeper-"));
  const port = await freePort();
  const file = join(folder, "zoo.cfg");
  await writeFile(
    file,
    `tickTime=2000\ndataDir=${folder}\nclientPort=${port}\nclientPortAddress=127.0.0.1\nmaxClientCnxns=0\nadmin.enableServer=false\n`,
  );
  const options = [
    "-Dzookeeper.extendedTypesEnabled=true",
    "-Dzookeeper.forceSync=no",
    "-Dznode.container.checkIntervalMs=1000000000",
    "-Dzookeeper.jmx.log4j.disable=true",
    `-Dzookeeper.DigestAuthenticationProvider.superDigest=${superDigest}`,
  ];
  const main = "org.apache.zookeeper.server.ZooKeeperServerMain";
  const java = spawn("java", [...options, "-Xmx1g", "-cp", classPath, main, file], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [java.stdout, java.stderr]) {
    stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-20_000)));
  }
  const stop = async (): Promise<void> => {
    if (java.exitCode === null && java.signalCode === null) {
      java.kill("SIGKILL");
      await once(java, "exit");
    }
    await rm(folder, { recursive: true, force: true });
  };
  const endMs = performance.now() + startMsMax;
  while (!(await answers(port))) {
    if (java.exitCode !== null || performance.now() > endMs) {
      await stop();
      throw new Error(`ZooKeeper did not start:\n${output}`);
    }
    await sleep(100);
  }
  return { port, [Symbol.asyncDispose]: stop };
}

/** A port that is open is not yet a server that runs: the four-letter word is answered with the version by then. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
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
