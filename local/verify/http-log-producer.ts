import type { CommandSender } from "../../client/command.ts";
import { Producer } from "../../client/producer.ts";
import { TargetError } from "../../verify/target.ts";
import type { LogProducer } from "../../verify/target.ts";
import { CrashableSender } from "./crashable-sender.ts";
import { recordOf } from "./record-value.ts";
import { targetErrorOf, translated } from "./target-errors.ts";

export interface HttpLogProducerOptions {
  readonly topic: string;
  readonly idempotent: boolean;
  readonly deliveryTimeoutMs: number;
}

/** A producer of the client library, whose batches are those that it is given. */
export class HttpLogProducer implements LogProducer {
  readonly #sender: CrashableSender;
  readonly #producer: Producer;

  constructor(client: CommandSender, options: HttpLogProducerOptions) {
    this.#sender = new CrashableSender(client);
    this.#producer = new Producer(this.#sender, { ...options, lingerMs: 0, signal: this.#sender.signal });
  }

  async send(partition: number, values: readonly number[]): Promise<readonly number[]> {
    const sent = values.map((value) => this.#producer.send(recordOf(value, partition)));
    const outcomes = await Promise.allSettled(sent);
    const errors = outcomes
      .filter((outcome) => outcome.status === "rejected")
      .map(({ reason }) => targetErrorOf(reason));
    const [first] = errors;
    if (first === undefined) {
      return outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value.offset] : []));
    }
    const unknown = errors.find(({ outcome }) => outcome === "info");
    if (unknown !== undefined) throw unknown;
    if (errors.length === outcomes.length) throw first;
    throw new TargetError("info", first.code, `${errors.length} of ${values.length} failed: ${first.message}`, {
      cause: first,
      reason: first.reason,
    });
  }

  crash(): void {
    this.#sender.crash();
  }

  async close(): Promise<void> {
    await translated(() => this.#producer.close());
  }
}
