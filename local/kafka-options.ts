/** What the command line says of the port for Kafka's clients. */
import { InvalidArgumentError, Option } from "commander";
import { gatewaySessionTimeoutMsDefault } from "../shared/limits/gateway-cluster.ts";
import { kafkaPortDefault } from "../shared/limits/kafka-gateway.ts";
import { sessionTimeoutMsMax, sessionTimeoutMsMin } from "../shared/limits.ts";
import type { RecordChecks } from "../shared/services/services.ts";
import { nodeIdOf } from "../shared/topics/broker-znodes.ts";

export const kafkaPortHelp = `port for Kafka's clients; 0 takes any that is free (default: ${kafkaPortDefault})`;
export const sessionTimeoutHelp = `how soon others take over when this gateway is gone (default: ${gatewaySessionTimeoutMsDefault})`;

const recordChecks: readonly RecordChecks[] = ["all", "needed"];

/** `all` is what Kafka does. */
export function recordChecksOption(): Option {
  const text = "what to check of records that came compressed: all, or nothing that does not need to be decompressed";
  return new Option("--kafka-record-checks <which>", text).choices(recordChecks).default("all");
}

export interface AdvertisedAddress {
  readonly advertisedHost: string;
  readonly advertisedPort?: number;
}

/** @throws InvalidArgumentError */
export function portOf(text: string): number {
  const port = Number(text);
  if (/^[0-9]+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("A port is a number from 0 to 65535.");
}

/** A host, or a host and a port. @throws InvalidArgumentError */
export function advertisedOf(text: string): AdvertisedAddress {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+))(?::(\d+))?$/.exec(text) ?? [];
  const advertisedHost = bracketed ?? plain;
  if (advertisedHost === undefined) throw new InvalidArgumentError("It is HOST or HOST:PORT.");
  return port === undefined ? { advertisedHost } : { advertisedHost, advertisedPort: portOf(port) };
}

/** @throws InvalidArgumentError */
export function nodeIdFrom(text: string): number {
  const nodeId = nodeIdOf(text);
  if (nodeId === undefined) throw new InvalidArgumentError("A node id is a number from 0 to 2147483647.");
  return nodeId;
}

/** @throws InvalidArgumentError */
export function sessionTimeoutOf(text: string): number {
  const timeoutMs = Number(text);
  if (/^[0-9]+$/.test(text) && timeoutMs >= sessionTimeoutMsMin && timeoutMs <= sessionTimeoutMsMax) return timeoutMs;
  throw new InvalidArgumentError(
    `It is a number of milliseconds from ${sessionTimeoutMsMin} to ${sessionTimeoutMsMax}.`,
  );
}
