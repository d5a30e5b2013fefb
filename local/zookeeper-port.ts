/** Opens the port for ZooKeeper's protocol. */
import { zookeeperPortDefault } from "../shared/limits/zookeeper-gateway.ts";
import {
  type RunningZooKeeperGateway,
  startZooKeeperGateway,
  type ZooKeeperGatewayOptions,
} from "../gateway/zookeeper/zookeeper-gateway.ts";
import type { Metrics } from "../shared/metrics/metrics.ts";
import { CommandError } from "./command-error.ts";
import { listenError } from "./listen-error.ts";

export interface OpenedZooKeeperPort {
  /** For a person: where ZooKeeper's clients connect to, or why they cannot. */
  readonly line: string;
  /** How many connections, requests and watches there are. */
  tell(metrics: Metrics): void;
  close(): Promise<void>;
}

type ZooKeeperPortOptions = Omit<ZooKeeperGatewayOptions, "port"> & { readonly port: number | undefined };

/** @throws CommandError where it cannot be opened */
async function openZooKeeperPort(options: ZooKeeperPortOptions): Promise<OpenedZooKeeperPort> {
  const { host, namespace } = options;
  const port = options.port ?? zookeeperPortDefault;
  let gateway: RunningZooKeeperGateway;
  try {
    gateway = await startZooKeeperGateway({ ...options, port });
  } catch (error) {
    throw listenError(error, { host, port, option: "--zookeeper-port" });
  }
  const name = host.includes(":") ? `[${host}]` : host;
  const how = options.tls === undefined ? "" : " by TLS";
  return {
    line: `ZooKeeper's clients connect to ${name}:${gateway.port}${how}`,
    tell: (metrics) => {
      const { connections, writes, watches } = gateway.held();
      metrics.gauge("num_alive_connections", connections, { protocol: "zookeeper" });
      metrics.gauge("outstanding_requests", writes, { protocol: "zookeeper" });
      metrics.gauge("watch_count", watches, { namespace, protocol: "zookeeper" });
    },
    close: () => gateway.close(),
  };
}

/**
 * Beside other ports: who did not choose the port still gets those where a ZooKeeper has the default one.
 *
 * @throws CommandError where a port that was chosen cannot be opened
 */
export async function openZooKeeperPortBeside(options: ZooKeeperPortOptions): Promise<OpenedZooKeeperPort> {
  try {
    return await openZooKeeperPort(options);
  } catch (error) {
    if (options.port !== undefined || !(error instanceof CommandError)) throw error;
    const line = `ZooKeeper's clients cannot connect: ${error.message}`;
    return { line, tell: () => undefined, close: () => Promise.resolve() };
  }
}
