/** What an application gives to `run`, and how it is called; KafkaJS's `eachMessage` and `eachBatch`. */
import type { ReadRecord } from "../reader/decode-batches.ts";
import type { OffsetCommit } from "./offset-commit.ts";
import type { RecordBatch } from "./consumer-record.ts";
import type { Delivery } from "./delivery.ts";

/** What every handler gets. */
export interface HandlerContext {
  /**
   * Heartbeats are sent in the background. This one is for handlers that keep the process busy: it sends one if it is due.
   *
   * @throws PartitionNotOwnedError if the partition was taken away: what is done for it no longer counts
   */
  readonly heartbeat: () => Promise<void>;
  /** Pauses the partition behind the record at work; what it answers resumes it. */
  readonly pause: () => () => void;
  /** Aborts when what is done no longer counts: the partition is gone, or another offset of it was sought. */
  readonly signal: AbortSignal;
}

export interface RecordContext extends HandlerContext {
  readonly topic: string;
  readonly partition: number;
  readonly record: ReadRecord;
}

export interface BatchContext extends HandlerContext {
  readonly batch: RecordBatch;
  /** All records of the batch up to this offset have been processed. */
  readonly resolveOffset: (offset: number) => void;
  /** Commits what was processed, if an automatic commit is due; with offsets: these. */
  readonly commitOffsetsIfNecessary: (offsets?: readonly OffsetCommit[]) => Promise<void>;
  /** Of all partitions. */
  readonly uncommittedOffsets: () => readonly OffsetCommit[];
  /** False once the consumer is being closed. */
  readonly isRunning: () => boolean;
  /** The partition was taken away, or another offset of it was sought: what is left of the batch is to be dropped. */
  readonly isStale: () => boolean;
}

export interface RunOptions {
  /** Called with one record after the other; it counts as processed once the handler has resolved. */
  readonly eachRecord?: (context: RecordContext) => void | Promise<void>;
  /** Called with all that a fetch brought; what counts is `resolveOffset`, and with `eachBatchAutoResolve` also its end. */
  readonly eachBatch?: (context: BatchContext) => void | Promise<void>;
  /** When `eachBatch` resolves, the whole batch counts as processed. Default true. */
  readonly eachBatchAutoResolve?: boolean;
  /** Handlers that run at once; of each partition one. Default 1. */
  readonly partitionsConsumedConcurrently?: number;
}

/** What handlers reach of the consumer. */
export interface HandlerServices {
  heartbeat(delivery: Delivery): Promise<void>;
  pause(delivery: Delivery): () => void;
  /** Lets heartbeats go on behind a handler that waits for nothing. */
  breathe(): Promise<void>;
  commitIfDue(): Promise<void>;
  commit(offsets: readonly OffsetCommit[]): Promise<void>;
  uncommitted(): readonly OffsetCommit[];
  isClosing(): boolean;
}

/** Takes a delivery through the application. @throws what the handler threw; it is set down up to which record it came */
export type Work = (delivery: Delivery) => Promise<void>;

/** @throws TypeError unless there is exactly one handler */
export function workOf(options: RunOptions, services: HandlerServices): Work {
  const { eachRecord, eachBatch } = options;
  if (eachRecord !== undefined && eachBatch === undefined) {
    return (delivery) => byRecord(delivery, eachRecord, services);
  }
  if (eachBatch !== undefined && eachRecord === undefined) {
    return (delivery) => byBatch(delivery, eachBatch, options.eachBatchAutoResolve ?? true, services);
  }
  throw new TypeError("run needs either eachRecord or eachBatch");
}

async function byRecord(
  delivery: Delivery,
  eachRecord: NonNullable<RunOptions["eachRecord"]>,
  services: HandlerServices,
): Promise<void> {
  const { topic, partition } = delivery.partition;
  const context = contextOf(delivery, services);
  for (const record of delivery.records) {
    await services.breathe();
    if (delivery.isStale || delivery.partition.isPaused || services.isClosing()) return;
    await eachRecord({ ...context, topic, partition, record });
    delivery.processedUpTo(record.offset);
  }
}

async function byBatch(
  delivery: Delivery,
  eachBatch: NonNullable<RunOptions["eachBatch"]>,
  autoResolve: boolean,
  services: HandlerServices,
): Promise<void> {
  await eachBatch({
    ...contextOf(delivery, services),
    batch: delivery.batch,
    resolveOffset: (offset) => delivery.processedUpTo(offset),
    commitOffsetsIfNecessary: (offsets) => (offsets === undefined ? services.commitIfDue() : services.commit(offsets)),
    uncommittedOffsets: () => services.uncommitted(),
    isRunning: () => !services.isClosing(),
    isStale: () => delivery.isStale,
  });
  // A handler that broke off because it was told to has not processed the rest.
  if (autoResolve && !delivery.isStale && !services.isClosing()) delivery.processedAll();
}

function contextOf(delivery: Delivery, services: HandlerServices): HandlerContext {
  return {
    heartbeat: () => services.heartbeat(delivery),
    pause: () => services.pause(delivery),
    signal: delivery.signal,
  };
}
