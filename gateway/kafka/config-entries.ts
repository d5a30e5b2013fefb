/** Configurations as Kafka's protocol tells them. */
import type { TopicConfig } from "../../shared/services/services.ts";
import { topicConfigKeys } from "../../shared/topics/topic-config.ts";
import type { ValueRule } from "../../shared/topics/config-values.ts";
import { documentationOf } from "./config-documentation.ts";
import type { Gateway } from "./handler.ts";
import { connectionIdleMsMax, kafkaFetchBytesMax, kafkaRequestBytesMax } from "../../shared/limits/kafka-gateway.ts";
import { transactionalIdKeptMs, transactionTimeoutMsMax } from "../../shared/limits/transactions.ts";
import type { Broker } from "./placement.ts";

/** Kafka's numbers of what has a configuration. */
export const resourceType = { topic: 2, broker: 4 } as const;

/** Kafka's numbers of where a value comes from. */
export const configSource = { topic: 1, staticBroker: 4, default: 5 } as const;

/** Kafka's numbers of the types of values. */
const configType: Readonly<Record<ValueRule["type"], number>> = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
};

export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly readOnly: boolean;
  readonly configSource: number;
  readonly isSensitive: boolean;
  /** What holds, and what would without it. */
  readonly synonyms: readonly { readonly name: string; readonly value: string; readonly source: number }[];
  readonly configType: number;
  readonly documentation: string;
}

/**
 * Every key of a topic's configuration, in the order of names.
 *
 * @param defaults the store's (`TopicService`)
 */
export function topicConfigEntries(config: TopicConfig, defaults: TopicConfig): ConfigEntry[] {
  return [...topicConfigKeys.values()].map(({ name, type, default: general, hasEffect }) => {
    const set = config[name];
    const fallback = defaults[name] ?? general;
    const byDefault = { name, value: fallback, source: configSource.default };
    return {
      name,
      value: set ?? fallback,
      readOnly: false,
      configSource: set === undefined ? configSource.default : configSource.topic,
      isSensitive: false,
      synonyms: set === undefined ? [byDefault] : [{ name, value: set, source: configSource.topic }, byDefault],
      configType: configType[type],
      documentation: documentationOf(name, hasEffect),
    };
  });
}

/** What a gateway goes by, under Kafka's names; it is set when it starts, or fixed. */
export function brokerConfigEntries({ createsTopics }: Gateway, { nodeId, host, port }: Broker): ConfigEntry[] {
  const text = String;
  return [
    brokerEntry("advertised.listeners", `PLAINTEXT://${host}:${port}`, "LIST", "Where clients connect to."),
    brokerEntry("auto.create.topics.enable", text(createsTopics), "BOOLEAN", "Whether asking for a topic creates it."),
    brokerEntry("broker.id", text(nodeId), "INT", "The number of this gateway."),
    fixedEntry("connections.max.idle.ms", text(connectionIdleMsMax), "LONG", "Silent connections are closed after it."),
    fixedEntry("default.replication.factor", "1", "INT", "Records are kept by the store, not by brokers."),
    fixedEntry("fetch.max.bytes", text(kafkaFetchBytesMax), "INT", "Bytes of records in one answer."),
    fixedEntry("min.insync.replicas", "1", "INT", "An acknowledged record is durable in any case."),
    brokerEntry("node.id", text(nodeId), "INT", "The number of this gateway."),
    fixedEntry("socket.request.max.bytes", text(kafkaRequestBytesMax), "INT", "Bytes of one request."),
    fixedEntry("transaction.max.timeout.ms", text(transactionTimeoutMsMax), "INT", "Longest time of a transaction."),
    fixedEntry(
      "transactional.id.expiration.ms",
      text(transactionalIdKeptMs),
      "INT",
      "Unused ids are forgotten after it.",
    ),
  ];
}

function brokerEntry(name: string, value: string, type: ValueRule["type"], documentation: string): ConfigEntry {
  return entry(name, value, type, documentation, configSource.staticBroker);
}

function fixedEntry(name: string, value: string, type: ValueRule["type"], documentation: string): ConfigEntry {
  return entry(name, value, type, documentation, configSource.default);
}

function entry(
  name: string,
  value: string,
  type: ValueRule["type"],
  documentation: string,
  source: number,
): ConfigEntry {
  return {
    name,
    value,
    readOnly: true,
    configSource: source,
    isSensitive: false,
    synonyms: [{ name, value, source }],
    configType: configType[type],
    documentation,
  };
}
