/** A gateway on a free port over storage in memory, and a client of it. */
import { startKafkaGateway } from "../../../gateway/kafka/kafka-gateway.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Services } from "../../../shared/services/services.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { nodeClock } from "../../../shared/storage/node/node-clock.ts";
import { nodeTimers } from "../../../shared/storage/node/node-timers.ts";
import { WireClient } from "./wire-client.ts";

export const namespace = "default";

export interface GatewayBed {
  readonly memory: MemoryStorage;
  /** What the gateway stands on. */
  readonly services: Services;
  readonly port: number;
  readonly client: WireClient;
  /** What the gateway wrote down. */
  readonly failures: readonly string[];
  close(): Promise<void>;
}

export interface BedOptions {
  readonly createsTopics?: boolean;
  /** For clients that go by their own clock: else short waits pass at once, and sessions with them. */
  readonly isRealTime?: boolean;
}

export async function gatewayBed(options: BedOptions = {}): Promise<GatewayBed> {
  const memory = createMemoryStorage(options.isRealTime === true ? { wallMs: () => Date.now() } : {});
  const real = options.isRealTime === true ? { clock: nodeClock, timers: nodeTimers } : {};
  const storage = { ...memory.storage, ...real };
  const services = createServices(storage);
  const failures: string[] = [];
  const gateway = await startKafkaGateway({
    services,
    storage,
    namespace,
    log: (_level, event, fields) => failures.push(`${event} ${JSON.stringify(fields)}`),
    createsTopics: options.createsTopics ?? false,
    host: "127.0.0.1",
    port: 0,
  });
  const client = await WireClient.connect(gateway.port);
  const close = async (): Promise<void> => {
    client.close();
    await gateway.close();
    await memory.close();
  };
  return { memory, services, port: gateway.port, client, failures, close };
}
