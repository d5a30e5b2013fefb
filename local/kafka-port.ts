/** Opens the port for Kafka's protocol beside the HTTP API. */
import { kafkaPortDefault } from "../shared/limits/kafka-gateway.ts";
import {
  type KafkaGatewayOptions,
  type RunningKafkaGateway,
  startKafkaGateway,
} from "../gateway/kafka/kafka-gateway.ts";
import { listenError } from "./listen-error.ts";

export interface OpenedKafkaPort {
  /** For a person: where Kafka's clients connect to, or why they cannot. */
  readonly line: string;
  close(): Promise<void>;
}

/**
 * Who did not choose the port still gets the HTTP API where a Kafka has the default one.
 *
 * @throws CommandError where a port that was chosen cannot be opened
 */
export async function openKafkaPort(
  options: Omit<KafkaGatewayOptions, "port"> & { readonly port: number | undefined },
): Promise<OpenedKafkaPort> {
  const port = options.port ?? kafkaPortDefault;
  let gateway: RunningKafkaGateway;
  try {
    gateway = await startKafkaGateway({ ...options, port });
  } catch (error) {
    const failure = listenError(error, { host: options.host, port, option: "--kafka-port" });
    if (options.port !== undefined) throw failure;
    return { line: `Kafka's clients cannot connect: ${failure.message}`, close: () => Promise.resolve() };
  }
  return { line: `Kafka's clients connect to ${gateway.address}`, close: () => gateway.close() };
}
