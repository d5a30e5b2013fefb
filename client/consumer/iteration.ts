/** Iterates over what was fetched: what was handed out counts as processed when the next is asked for. */
import type { ConsumerRecord, RecordBatch } from "./consumer-record.ts";
import type { Breath } from "./breath.ts";
import type { Deliveries } from "./deliveries.ts";
import type { Delivery } from "./delivery.ts";

export class Iteration {
  readonly #deliveries: Deliveries;
  readonly #breath: Breath;
  readonly #open = new Set<Delivery>();

  constructor(deliveries: Deliveries, breath: Breath) {
    this.#deliveries = deliveries;
    this.#breath = breath;
  }

  async *records(): AsyncGenerator<ConsumerRecord, void, undefined> {
    for await (const delivery of this.#each()) {
      const { partition } = delivery;
      const { topic } = partition;
      for (const record of delivery.records) {
        await this.#breath.take();
        if (delivery.isStale || partition.isPaused || this.#deliveries.isClosed) break;
        yield { topic, ...record };
        delivery.processedUpTo(record.offset);
      }
    }
  }

  async *batches(): AsyncGenerator<RecordBatch, void, undefined> {
    for await (const delivery of this.#each()) {
      yield delivery.batch;
      if (!this.#deliveries.isClosed) delivery.processedAll();
    }
  }

  /** Whoever closes the consumer may be the one who iterates: nobody waits for him. */
  abandon(): void {
    for (const delivery of this.#open) delivery.end();
  }

  async *#each(): AsyncGenerator<Delivery, void, undefined> {
    for (;;) {
      const delivery = await this.#deliveries.next();
      if (delivery === undefined) return;
      this.#open.add(delivery);
      try {
        yield delivery;
      } finally {
        this.#open.delete(delivery);
        delivery.end();
      }
    }
  }
}
