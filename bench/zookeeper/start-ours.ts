/** `streamkeeper serve` with a port for ZooKeeper's clients, in a process of its own. */
import { startOurKafka } from "../../test/peers/kafka/our-kafka.ts";
import { freePort } from "../../test/free-port.ts";

export interface OursOptions {
  readonly dataFolder: string;
  /** Options for Node, such as `--cpu-prof`. */
  readonly nodeOptions: readonly string[];
}

export async function startOurs({
  dataFolder,
  nodeOptions,
}: OursOptions): Promise<{ readonly port: number; readonly pid: number | undefined; stop(): Promise<void> }> {
  const port = await freePort();
  const serveOptions = ["--zookeeper-port", String(port)];
  const ours = await startOurKafka({ dataFolder, nodeOptions, serveOptions });
  return { port, pid: ours.pid, stop: () => ours.stop() };
}
