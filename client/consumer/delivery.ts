/** One page of a partition on its way through the application. */
import type { ReadRecord } from "../reader/decode-batches.ts";
import type { RecordBatch, RecordPage } from "./consumer-record.ts";
import type { OwnedPartition, Run } from "./owned-partition.ts";

/** Longest pause between two calls of a handler that fails; KafkaJS's `maxRetryTime`. */
const failurePauseMsMax = 30_000;
/** Shortest upper bound of such a pause; doubled with each failure. */
const failurePauseMsBase = 100;

/** How long a partition rests after a handler has failed so often in a row: between half of a doubling bound and all of it. */
export function failurePauseMs(failures: number, random: number): number {
  const bound = Math.min(failurePauseMsMax, failurePauseMsBase * 2 ** Math.min(failures - 1, 20));
  return bound / 2 + (random * bound) / 2;
}

export class Delivery {
  readonly partition: OwnedPartition;
  readonly #page: RecordPage;
  readonly #run: Run;
  readonly #onEnd: () => void;
  #isEnded = false;

  constructor(partition: OwnedPartition, page: RecordPage, onEnd: () => void) {
    this.partition = partition;
    this.#page = page;
    this.#run = partition.run;
    this.#onEnd = onEnd;
  }

  get records(): readonly ReadRecord[] {
    return this.#page.records;
  }

  get batch(): RecordBatch {
    const { topic, partition } = this.partition;
    const { records, highWatermark, nextOffset } = this.#page;
    return {
      topic,
      partition,
      records,
      firstOffset: records[0]?.offset ?? nextOffset,
      lastOffset: records.at(-1)?.offset ?? nextOffset - 1,
      highWatermark,
      offsetLag: Math.max(0, highWatermark - nextOffset),
    };
  }

  /** The partition was taken away, or somebody sought: what is left of this page is of no more interest. */
  get isStale(): boolean {
    return this.#run.signal.aborted;
  }

  /** Aborts when what is processed no longer counts. */
  get signal(): AbortSignal {
    return AbortSignal.any([this.partition.goneSignal, this.#run.supersededSignal]);
  }

  /** All records up to this one have been processed; after a seek that is no longer of interest. */
  processedUpTo(offset: number): void {
    if (!this.#isEnded && !this.#run.supersededSignal.aborted)
      this.partition.processed(this.#isLast(offset) ? this.#page.nextOffset : offset + 1);
  }

  processedAll(): void {
    this.processedUpTo(this.#page.nextOffset - 1);
  }

  /** No more of this page is worked on; what was not processed will be handed out again. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { partition } = this;
    const isUnfinished = (partition.processedOffset ?? 0) < this.#page.nextOffset;
    if (!this.isStale && (isUnfinished || partition.isPaused)) partition.stepBack();
    partition.finished();
    this.#onEnd();
  }

  #isLast(offset: number): boolean {
    const last = this.#page.records.at(-1);
    return last === undefined || offset >= last.offset;
  }
}
