/** What the tests with Kafka's clients talk to: our gateway, or a real Kafka. */

export interface Broker {
  /** `127.0.0.1:<port>`. */
  readonly bootstrap: string;
  /** Ends it at once and removes its data. */
  stop(): Promise<void>;
}
