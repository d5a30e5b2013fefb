/** Options of who may use the port for Kafka's protocol, for what. */
import { type Command, Option } from "commander";
import type { KafkaGatewayOptions } from "../gateway/kafka/kafka-gateway.ts";
import { aclModes, type AclMode } from "../gateway/kafka/security/gateway-security.ts";
import { CommandError } from "./command-error.ts";
import { tlsFilesOf } from "./tls-files.ts";

export interface KafkaSecurityOptions {
  readonly kafkaSasl?: boolean;
  readonly kafkaAcl: AclMode;
  readonly kafkaSuperUser: readonly string[];
  readonly kafkaTlsCert?: string;
  readonly kafkaTlsKey?: string;
}

export function withKafkaSecurity(command: Command): Command {
  const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  const acl = new Option(
    "--kafka-acl <mode>",
    "whether Kafka's ACLs hold, and what goes for what has none: deny, allow",
  );
  return command
    .option("--kafka-sasl", "Kafka's clients must say who they are (SASL PLAIN, SCRAM-SHA-256, SCRAM-SHA-512)")
    .addOption(acl.choices(aclModes).default("off"))
    .option("--kafka-super-user <name>", "a user whom no ACL binds; may be repeated", collect, [])
    .option("--kafka-tls-cert <file>", "certificate (PEM), with which Kafka's clients speak TLS")
    .option("--kafka-tls-key <file>", "its private key (PEM)");
}

/** @throws CommandError where a file cannot be read, or only one of two is named */
export async function kafkaSecurityOf(
  options: KafkaSecurityOptions,
): Promise<Pick<KafkaGatewayOptions, "security" | "tls">> {
  const { kafkaTlsCert: cert, kafkaTlsKey: key } = options;
  const security = {
    sasl: options.kafkaSasl === true,
    acl: options.kafkaAcl,
    superUsers: options.kafkaSuperUser,
  };
  if (security.superUsers.length > 0 && security.acl === "off") {
    throw new CommandError("--kafka-super-user has no effect without --kafka-acl: everybody may do everything");
  }
  const tls = await tlsFilesOf({ cert, key, certOption: "--kafka-tls-cert", keyOption: "--kafka-tls-key" });
  return { security, ...(tls === undefined ? {} : { tls }) };
}
