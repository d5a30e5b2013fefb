/** The gateway for Kafka's protocol: a port, and the services behind it. */
import { networkInterfaces } from "node:os";
import type { Log } from "../../functions/http/log.ts";
import type { Metrics } from "../../shared/metrics/metrics.ts";
import type { Services } from "../../shared/services/services.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { servedApis } from "./api-list.ts";
import { KafkaListener, type ListenerOptions } from "./listener.ts";
import { alone } from "./placement.ts";
import { GatewaySecurity, openSecurity, type SecurityOptions } from "./security/gateway-security.ts";
import { TopicIds } from "./topic-ids.ts";

export interface KafkaGatewayOptions extends Omit<ListenerOptions, "needsAuthentication"> {
  readonly services: Services;
  readonly storage: Pick<Storage, "clock" | "random" | "timers">;
  /** Where requests are counted, if anyone wants to know. */
  readonly metrics?: Metrics | undefined;
  readonly namespace: string;
  readonly log: Log;
  readonly createsTopics: boolean;
  /** Who may use it, for what; default: everybody, for everything. */
  readonly security?: SecurityOptions;
  /** What clients are told to connect to, where that is not where it listens. */
  readonly advertisedHost?: string;
  readonly advertisedPort?: number;
}

export interface RunningKafkaGateway {
  /** What clients are told to connect to, for example `127.0.0.1:9092`. */
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * @throws Error as node:net says where the port is taken or the host is not this machine's
 * @throws ServiceError KAFKA_STORAGE_ERROR | UNKNOWN_NAMESPACE where users or access control lists cannot be read
 */
export async function startKafkaGateway(options: KafkaGatewayOptions): Promise<RunningKafkaGateway> {
  const { services, storage, namespace, log, metrics, createsTopics } = options;
  const { clock, random, timers } = storage;
  const security = new GatewaySecurity({ services, namespace, timers }, clock, options.security ?? openSecurity);
  const ended = new AbortController();
  const listener = await openWith(security, options, ended);
  const host = options.advertisedHost ?? addressOf(options.host);
  const port = options.advertisedPort ?? listener.port;
  const placement = alone({ nodeId: 1, host, port });
  const topicIds = new TopicIds(services.topics, namespace, clock);
  listener.serve({
    services,
    namespace,
    clusterId: `streamkeeper-${namespace}`,
    placement,
    topicIds,
    apis: servedApis,
    security,
    clock,
    random,
    timers,
    log,
    metrics,
    createsTopics,
  });
  const close = async (): Promise<void> => {
    ended.abort();
    await listener.close();
  };
  return { address: `${host}:${port}`, port: listener.port, close };
}

/** Nobody connects before it is known who may. */
async function openWith(
  security: GatewaySecurity,
  options: KafkaGatewayOptions,
  ended: AbortController,
): Promise<KafkaListener> {
  try {
    await security.start(ended.signal);
    return await KafkaListener.open({ ...options, needsAuthentication: security.options.sasl });
  } catch (error) {
    ended.abort();
    throw error;
  }
}

/** An IPv4 address for those who listen on a name or everywhere: clients may take a name for an IPv6 address. */
function addressOf(host: string): string {
  if (host === "localhost") return "127.0.0.1";
  if (host !== "0.0.0.0" && host !== "::") return host;
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}
