/** Works on what was fetched, with as many handlers at once as the application wants. */
import type { ConsumerConfiguration, ConsumerProblem } from "./consumer-options.ts";
import type { Deliveries } from "./deliveries.ts";
import { failurePauseMs } from "./delivery.ts";
import type { Delivery } from "./delivery.ts";
import type { Work } from "./handlers.ts";

export class Workers {
  readonly #configuration: ConsumerConfiguration;
  readonly #deliveries: Deliveries;
  readonly #onProblem: (problem: ConsumerProblem) => void;

  constructor(
    configuration: ConsumerConfiguration,
    deliveries: Deliveries,
    onProblem: (problem: ConsumerProblem) => void,
  ) {
    this.#configuration = configuration;
    this.#deliveries = deliveries;
    this.#onProblem = onProblem;
  }

  /** Resolves when nothing more is handed out and all handlers have returned. Never rejects. */
  async run(work: Work, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.#workOn(work)));
  }

  async #workOn(work: Work): Promise<void> {
    for (;;) {
      const delivery = await this.#deliveries.next();
      if (delivery === undefined) return;
      await this.#workOnOne(delivery, work);
    }
  }

  async #workOnOne(delivery: Delivery, work: Work): Promise<void> {
    const { partition } = delivery;
    const before = partition.processedOffset;
    try {
      await work(delivery);
      // A batch that was left as it was: it comes again, though not at once.
      const isLeft = partition.processedOffset === before && !delivery.isStale && !partition.isPaused;
      if (isLeft && !this.#deliveries.isClosed) this.#rest(delivery);
    } catch (error) {
      this.#failed(delivery, error);
    } finally {
      delivery.end();
    }
  }

  #failed(delivery: Delivery, error: unknown): void {
    const { topic, partition, processedOffset: offset } = delivery.partition;
    const retryInMs = delivery.isStale ? undefined : this.#rest(delivery);
    this.#onProblem({
      error,
      during: "handler",
      partition: { topic, partition },
      attempts: delivery.partition.failures,
      ...(offset === undefined ? {} : { offset }),
      ...(retryInMs === undefined ? {} : { retryInMs }),
    });
  }

  /** The partition makes no progress before the handler does; the others go on meanwhile. */
  #rest({ partition }: Delivery): number {
    const { time, random } = this.#configuration;
    partition.failures += 1;
    const ms = failurePauseMs(partition.failures, random());
    partition.restsUntilMs = time.nowMs() + ms;
    if (!partition.goneSignal.aborted) {
      void time.sleep(ms, partition.goneSignal).then(() => this.#deliveries.wake());
    }
    return ms;
  }
}
