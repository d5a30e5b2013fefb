/** The client library's own producer, with its own retries, at a server that is killed again and again. */
import { setTimeout as sleep } from "node:timers/promises";
import { StreamkeeperClient } from "../../client/streamkeeper-client.ts";
import { Producer } from "../../client/producer.ts";
import type { SendOperation } from "../simulation/partition-history.ts";
import type { KilledServer } from "./killed-server.ts";

/** Between two records: enough of them to fill batches, and not so many that reading them back takes long. */
const pauseMs = 2;
/** Every so many records, one above the inline limit. */
const largeEvery = 40;
const largeKey = "k".repeat(20_000);

export class ProducingClient {
  readonly sends: SendOperation[] = [];
  /** Records that were not acknowledged, which there should be none of. */
  readonly complaints: string[] = [];
  readonly #server: KilledServer;
  readonly #client: StreamkeeperClient;
  readonly #producer: Producer;
  #stopped = false;

  constructor(server: KilledServer, topic: string) {
    this.#server = server;
    this.#client = new StreamkeeperClient({ endpoint: server.url });
    this.#producer = new Producer(this.#client, { topic });
  }

  get acknowledged(): number {
    return this.sends.filter(({ outcome }) => outcome === "ok").length;
  }

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    // A producer that cannot even describe its topic fails; later on it holds out.
    await this.#server.running();
    for (let index = 0; !this.#stopped; index += 1) {
      const operation: SendOperation = {
        value: `p-${index}`,
        recordCount: 1,
        invokedMs: performance.now(),
        completedMs: Infinity,
        outcome: "info",
        offset: -1,
      };
      this.sends.push(operation);
      const key = index % largeEvery === 0 ? { key: largeKey } : {};
      this.#producer.send({ ...key, value: `${operation.value}/0` }).then(
        ({ offset }) => {
          operation.completedMs = performance.now();
          operation.outcome = "ok";
          operation.offset = offset;
        },
        (cause: unknown) => this.complaints.push(`${operation.value}: ${String(cause)}`),
      );
      await sleep(pauseMs);
    }
    await this.#producer.close();
    this.#client.destroy();
  }
}
