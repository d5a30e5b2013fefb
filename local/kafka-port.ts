/** Opens the port for Kafka's protocol. */
import { ServiceError } from "../shared/api/errors.ts";
import { kafkaPortDefault } from "../shared/limits/kafka-gateway.ts";
import { defaultNamespace } from "../shared/services/namespace-name.ts";
import {
  type KafkaGatewayOptions,
  type RunningKafkaGateway,
  startKafkaGateway,
} from "../gateway/kafka/kafka-gateway.ts";
import { NodeIdTakenError } from "../gateway/kafka/registrar.ts";
import { CommandError } from "./command-error.ts";
import { listenError } from "./listen-error.ts";

export interface OpenedKafkaPort {
  /** For a person: where Kafka's clients connect to, or why they cannot. */
  readonly line: string;
  /** As `RunningKafkaGateway` has it. */
  serveZooKeeper(): Promise<void>;
  close(): Promise<void>;
}

type KafkaPortOptions = Omit<KafkaGatewayOptions, "port"> & { readonly port: number | undefined };

/** @throws CommandError where it cannot be opened */
export async function openKafkaPort(options: KafkaPortOptions): Promise<OpenedKafkaPort> {
  const port = options.port ?? kafkaPortDefault;
  let gateway: RunningKafkaGateway;
  try {
    // One that has the store to itself registers later.
    if (options.namespace !== defaultNamespace) await options.services.topics.list(options.namespace, { limit: 1 });
    gateway = await startKafkaGateway({ ...options, port });
  } catch (error) {
    if (error instanceof NodeIdTakenError) throw new CommandError(error.message, { cause: error });
    if (!(error instanceof ServiceError))
      throw listenError(error, { host: options.host, port, option: "--kafka-port" });
    const { code, message } = error;
    const reason = code === "UNKNOWN_NAMESPACE" ? `there is no namespace ${options.namespace}` : message;
    throw new CommandError(`the gateway cannot register: ${reason}`, { cause: error });
  }
  return {
    line: `Kafka's clients connect to ${gateway.address}`,
    serveZooKeeper: () => gateway.serveZooKeeper(),
    close: () => gateway.close(),
  };
}

/**
 * Beside the HTTP API: who did not choose the port still gets that where a Kafka has the default one.
 *
 * @throws CommandError where a port that was chosen cannot be opened
 */
export async function openKafkaPortBeside(options: KafkaPortOptions): Promise<OpenedKafkaPort> {
  try {
    return await openKafkaPort(options);
  } catch (error) {
    if (options.port !== undefined || !(error instanceof CommandError)) throw error;
    const nothing = (): Promise<void> => Promise.resolve();
    return { line: `Kafka's clients cannot connect: ${error.message}`, serveZooKeeper: nothing, close: nothing };
  }
}
