/** A gateway on a free port over storage in memory. */
import {
  type HeldForClients,
  startZooKeeperGateway,
  type ZooKeeperGatewayOptions,
} from "../../../gateway/zookeeper/zookeeper-gateway.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { SessionService } from "../../../shared/services/coordination.ts";
import type { NamespaceFollower } from "../../../shared/services/namespace-follower.ts";
import type { Services } from "../../../shared/services/services.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { createNodeEnvironment } from "../../../shared/storage/node/node-environment.ts";
import { type ConnectOptions, WireClient } from "./wire-client.ts";

export interface ZooKeeperBed extends AsyncDisposable {
  readonly memory: MemoryStorage;
  readonly services: Services;
  readonly port: number;
  /** What the gateways wrote down that is not as it should be. */
  readonly failures: readonly string[];
  /** Of the first gateway. */
  held(): HeldForClients;
  connect(options?: ConnectOptions): Promise<WireClient>;
  /** Another gateway over the same storage. @returns its port */
  another(): Promise<number>;
  close(): Promise<void>;
}

export const openAcl = [{ permissions: 31, scheme: "world", id: "anyone" }];

/** @param around stands between the gateways and their services */
export async function zookeeperBed(
  options: Partial<ZooKeeperGatewayOptions> = {},
  around: (services: Services) => Services = (services) => services,
): Promise<ZooKeeperBed> {
  const memory = createMemoryStorage({ wallMs: () => Date.now() });
  const failures: string[] = [];
  const closing: (() => Promise<void>)[] = [];
  const start = async () => {
    const storage = { ...memory.storage, ...createNodeEnvironment() };
    const services = createServices(storage);
    const gateway = await startZooKeeperGateway({
      services: around(services),
      storage,
      namespace: "default",
      log: (level, event, fields) => {
        if (level !== "INFO") failures.push(`${event} ${JSON.stringify(fields)}`);
      },
      host: "127.0.0.1",
      port: 0,
      ...options,
    });
    closing.push(() => gateway.close());
    return { services, port: gateway.port, gateway };
  };
  const { services, port, gateway } = await start();
  const close = async (): Promise<void> => {
    await Promise.all(closing.map((closeOne) => closeOne()));
    await memory.close();
  };
  return {
    memory,
    services,
    port,
    failures,
    held: () => gateway.held(),
    connect: (connectOptions) => WireClient.connect(port, connectOptions),
    another: async () => (await start()).port,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** One that does some of it otherwise. */
export function sessionsWith(sessions: SessionService, others: Partial<SessionService>): SessionService {
  return {
    create: (...args) => sessions.create(...args),
    heartbeat: (...args) => sessions.heartbeat(...args),
    takeOver: (...args) => sessions.takeOver(...args),
    close: (...args) => sessions.close(...args),
    describe: (...args) => sessions.describe(...args),
    reap: (...args) => sessions.reap(...args),
    reapIfOver: (...args) => sessions.reapIfOver(...args),
    sweep: (...args) => sessions.sweep(...args),
    ...others,
  };
}

/** Services whose followers do some things in another way. */
export function servicesWithFollower(
  services: Services,
  others: (follower: NamespaceFollower) => Partial<NamespaceFollower>,
): Services {
  return {
    ...services,
    follow: async (...args) => {
      const follower = await services.follow(...args);
      return {
        get view() {
          return follower.view;
        },
        latest: () => follower.latest(),
        atLeast: (zxid) => follower.atLeast(zxid),
        write: (request) => follower.write(request),
        changesSince: (since) => follower.changesSince(since),
        close: () => follower.close(),
        ...others(follower),
      };
    },
  };
}

/** Writes wait for `until`, and `onWrite` hears of them. */
export function withSlowWrites(services: Services, until: () => Promise<void>, onWrite: () => void): Services {
  return servicesWithFollower(services, (follower) => ({
    write: async (request) => {
      onWrite();
      await until();
      return follower.write(request);
    },
  }));
}
