/** What the tests with Kafka's clients talk to: our gateway, and a real Kafka, which proves that the tests are right. */
import { startOurKafka } from "./our-kafka.ts";
import { startRealKafka } from "./real-kafka.ts";

/** The first start fetches Kafka itself. */
export const brokerStartMsMax: number = 15 * 60_000;

export interface Broker {
  /** `127.0.0.1:<port>`. */
  readonly bootstrap: string;
  /** Of our HTTP API: a real Kafka has none. */
  readonly url?: string;
  stop(): Promise<void>;
}

export interface TestedBroker {
  readonly name: string;
  start(): Promise<Broker>;
}

export const brokers: readonly TestedBroker[] = [
  { name: "our gateway", start: async () => startOurKafka() },
  { name: "Apache Kafka", start: async () => startRealKafka() },
];
