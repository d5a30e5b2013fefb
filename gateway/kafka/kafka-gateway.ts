/** The gateway for Kafka's protocol: a port, and the services behind it. */
import { networkInterfaces } from "node:os";
import type { Log } from "../../functions/http/log.ts";
import { sessionTimeoutMsMax } from "../../shared/limits.ts";
import { gatewaySessionTimeoutMsDefault } from "../../shared/limits/gateway-cluster.ts";
import type { Metrics } from "../../shared/metrics/metrics.ts";
import type { Services } from "../../shared/services/services.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import type { Endpoint } from "../../shared/topics/broker-znodes.ts";
import { FetchBytes } from "./answer-room.ts";
import { servedApis } from "./api-list.ts";
import type { Gateway } from "./handler.ts";
import { KafkaListener, type ListenerOptions } from "./listener.ts";
import { Membership, type MembershipOptions } from "./membership.ts";
import { PeerLinks } from "./peer-links.ts";
import { placementAmong } from "./placement.ts";
import { GatewaySecurity, isGuarded, openSecurity, type SecurityOptions } from "./security/gateway-security.ts";
import { TopicCaretaker } from "./topic-caretaker.ts";
import { TopicIds } from "./topic-ids.ts";

export interface KafkaGatewayOptions extends Omit<ListenerOptions, "needsAuthentication" | "clock"> {
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
  readonly advertisedHost?: string | undefined;
  readonly advertisedPort?: number | undefined;
  /** Default: one that is free. */
  readonly nodeId?: number | undefined;
  /** How soon its work moves when it is gone. Default `gatewaySessionTimeoutMsDefault`. */
  readonly sessionTimeoutMs?: number | undefined;
  /** Nobody else uses the store: it registers when its first client comes, and watches nobody. Default true. */
  readonly isAlone?: boolean;
}

export interface RunningKafkaGateway {
  /** What clients are told to connect to, for example `127.0.0.1:9092`. */
  readonly address: string;
  readonly port: number;
  /**
   * To be called before the first client of ZooKeeper is served: registers the gateway in the tree, if it has not, and sees to it
   * that such clients find there what Kafka's brokers wrote.
   *
   * @throws NodeIdTakenError | ServiceError: the next client may ask again
   */
  serveZooKeeper(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @throws Error as node:net says where the port is taken or the host is not this machine's
 * @throws ServiceError KAFKA_STORAGE_ERROR | UNKNOWN_NAMESPACE where users or access control lists cannot be read
 * @throws NodeIdTakenError
 */
export async function startKafkaGateway(options: KafkaGatewayOptions): Promise<RunningKafkaGateway> {
  const { services, storage, namespace } = options;
  const { clock, timers } = storage;
  const security = new GatewaySecurity({ services, namespace, timers }, clock, options.security ?? openSecurity);
  const ended = new AbortController();
  const listener = await openWith(security, options, ended);
  const host = options.advertisedHost ?? addressOf(options.host);
  const port = options.advertisedPort ?? listener.port;
  let joining: Promise<Membership> | undefined;
  let caretaker: TopicCaretaker | undefined;
  let caring: Promise<void> | undefined;
  const links = new PeerLinks(() => {
    void joining?.then(
      (membership) => membership.refresh(),
      () => undefined,
    );
  });
  // One that could not join tries again when the next client comes.
  const join = (): Promise<Membership> => {
    joining ??= Membership.join(membershipOf(options, { host, port }, links)).then(
      (membership) => {
        caretaker = caretakerOf(options, membership);
        caring = caretaker.run(ended.signal);
        return membership;
      },
      (error: unknown) => {
        joining = undefined;
        throw error;
      },
    );
    return joining;
  };
  const open = async (): Promise<Gateway> => gatewayOf(options, await join(), security);
  try {
    listener.serve(options.isAlone === false ? await open() : open);
  } catch (error) {
    ended.abort();
    links.close();
    await listener.close();
    throw error;
  }
  const close = async (): Promise<void> => {
    ended.abort();
    const membership = await joining?.catch(() => undefined);
    await caring;
    // First, so that clients whose connections end are sent to others.
    await membership?.close();
    links.close();
    await listener.close();
  };
  return {
    address: `${host}:${port}`,
    port: listener.port,
    serveZooKeeper: async () => {
      await join();
      await caretaker?.showLeaders();
    },
    close,
  };
}

function membershipOf(options: KafkaGatewayOptions, endpoint: Endpoint, links: PeerLinks): MembershipOptions {
  const { services, storage, namespace, log, nodeId, isAlone = true, tls, security = openSecurity } = options;
  const { clock, random, timers } = storage;
  const encryption = tls === undefined ? "PLAINTEXT" : "SSL";
  return {
    services,
    clock,
    random,
    timers,
    log,
    namespace,
    endpoint,
    protocol: security.sasl ? `SASL_${encryption}` : encryption,
    nodeId,
    isGuarded: isGuarded(security),
    // Nobody waits for the end of one that is alone: the fewer heartbeats the better.
    sessionTimeoutMs: isAlone ? sessionTimeoutMsMax : (options.sessionTimeoutMs ?? gatewaySessionTimeoutMsDefault),
    isAlone,
    ...(isAlone ? {} : { onOthers: (others) => links.follow(others), isGone: (other: number) => links.isGone(other) }),
  };
}

function caretakerOf(options: KafkaGatewayOptions, membership: Membership): TopicCaretaker {
  const { services, storage, namespace, log } = options;
  const { timers } = storage;
  const isController = (): boolean => membership.members.controllerId === membership.members.self.nodeId;
  return new TopicCaretaker({ services, namespace, timers, log, isController });
}

function gatewayOf(options: KafkaGatewayOptions, membership: Membership, security: GatewaySecurity): Gateway {
  const { services, storage, namespace, log, metrics, createsTopics } = options;
  const { clock, random, timers } = storage;
  return {
    services,
    namespace,
    clusterId: membership.clusterId,
    placement: placementAmong(() => membership.members),
    topicIds: new TopicIds(services.topics, namespace, clock),
    fetchBytes: new FetchBytes(),
    apis: servedApis,
    security,
    clock,
    random,
    timers,
    log,
    metrics,
    createsTopics,
  };
}

/** Nobody connects before it is known who may. */
async function openWith(
  security: GatewaySecurity,
  options: KafkaGatewayOptions,
  ended: AbortController,
): Promise<KafkaListener> {
  try {
    await security.start(ended.signal);
    return await KafkaListener.open({
      ...options,
      clock: options.storage.clock,
      needsAuthentication: security.options.sasl,
    });
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
