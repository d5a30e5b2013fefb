import type { CommandSender } from "./command.ts";
import type { ProducedRecord } from "./produced-record.ts";
import { BatchSender } from "./producer/batch-sender.ts";
import { encodeRecord } from "./producer/encode-record.ts";
import type { EncodedRecord } from "./producer/encode-record.ts";
import { PartitionChooser } from "./producer/partition-chooser.ts";
import type { Delivery, PendingBatch, RecordMetadata } from "./producer/pending-batch.ts";
import { BufferFullError, DeliveryError, ProducerClosedError, ProducerFatalError } from "./producer/producer-errors.ts";
import { resolveProducerOptions } from "./producer/producer-options.ts";
import type { ProducerConfiguration, ProducerOptions } from "./producer/producer-options.ts";
import { RecordAccumulator } from "./producer/record-accumulator.ts";
import { TopicView } from "./producer/topic-view.ts";
import type { TopicFacts } from "./producer/topic-view.ts";

/** Calls that may wait for room in the buffer; each holds one record beside it. */
const waitingCallsMax = 10_000;

/** A record that waits for room, or for the topic's description. */
interface WaitingRecord {
  readonly encoded: EncodedRecord;
  readonly delivery: Delivery;
  readonly ticket: number;
  accepted(): void;
  refused(error: Error): void;
}

interface WaitingFlush {
  readonly ticket: number;
  done(): void;
}

const alreadyAccepted = Promise.resolve();

/**
 * Writes records to a topic, in batches. Two ways in:
 *
 *     const { partition, offset } = await producer.send({ key, value });   // each record's own outcome
 *
 *     for await (const value of source) await producer.enqueue({ value }); // throughput: waits for room, not for the log
 *     await producer.flush();                                              // every outcome; throws if any failed
 *
 * Records of one partition are written in the order in which they were given; when the producer is idempotent, each once.
 * The records that are not acknowledged are bounded by `maxBufferedBytes`: both ways wait while it is reached.
 */
export class Producer implements AsyncDisposable {
  readonly #configuration: ProducerConfiguration;
  readonly #topic: TopicView;
  readonly #sender: BatchSender;
  readonly #accumulator = new RecordAccumulator();
  readonly #chooser = new PartitionChooser(Math.random);
  readonly #controller = new AbortController();
  readonly #waiting: WaitingRecord[] = [];
  readonly #flushes = new Set<WaitingFlush>();
  readonly #lingering = new Map<PendingBatch, NodeJS.Timeout>();
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: () => void;
  #lastTicket = 0;
  #requestsInFlight = 0;
  #pumpIsScheduled = false;
  #closed = false;
  #end: Error | undefined;
  #failedRecords = 0;
  #firstFailure: Error | undefined;

  /** @throws TypeError for an option that cannot be */
  constructor(client: CommandSender, options: ProducerOptions) {
    this.#configuration = resolveProducerOptions(options);
    const { signal } = options;
    this.#topic = new TopicView(client, this.#configuration, this.#controller.signal);
    this.#sender = new BatchSender(client, this.#configuration, this.#controller.signal);
    this.#signal = signal;
    this.#onAbort = () => {
      this.#stop(new ProducerFatalError("the producer was aborted", { cause: signal?.reason }));
    };
    if (signal?.aborted === true) this.#onAbort();
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Bytes of the records that are neither acknowledged nor failed. */
  get bufferedBytes(): number {
    return this.#accumulator.bufferedBytes;
  }

  /**
   * Writes a record and answers where it stands, once it is durable.
   *
   * @throws StreamkeeperException the record was not written, or, if it says so, may not have been
   * @throws ProducerFatalError the producer has ended
   * @throws ProducerClosedError | BufferFullError | RangeError the record was not taken
   */
  send(record: ProducedRecord): Promise<RecordMetadata> {
    const { promise, resolve, reject } = Promise.withResolvers<RecordMetadata>();
    this.#accept(record, { resolve, reject }).catch(reject);
    return promise;
  }

  /**
   * Takes a record as soon as there is room in the buffer. Whether it was written is for `flush` to tell.
   *
   * @throws StreamkeeperException the topic cannot be described
   * @throws ProducerFatalError the producer has ended
   * @throws ProducerClosedError | BufferFullError | RangeError the record was not taken
   */
  enqueue(record: ProducedRecord): Promise<void> {
    return this.#accept(record, this.#countFailures);
  }

  /**
   * Waits until every record given before is acknowledged or has failed, without lingering.
   *
   * @throws DeliveryError records given to `enqueue` since the last flush were not written; their number and first cause
   * @throws ProducerFatalError the producer has ended
   */
  async flush(): Promise<void> {
    const ticket = this.#lastTicket;
    if (this.#isUnsettled(ticket)) {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      this.#flushes.add({ ticket, done: () => resolve(undefined) });
      this.#accumulator.makeAllDue();
      this.#schedulePump();
      await promise;
    }
    const failedRecords = this.#failedRecords;
    const cause = this.#firstFailure;
    this.#failedRecords = 0;
    this.#firstFailure = undefined;
    if (this.#end !== undefined) throw this.#end;
    if (failedRecords > 0) throw new DeliveryError(failedRecords, cause);
  }

  /** Takes no more records, and flushes. @throws as `flush` */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.flush();
    } finally {
      this.#signal?.removeEventListener("abort", this.#onAbort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  readonly #countFailures: Delivery = {
    resolve: () => {},
    reject: (error) => {
      this.#failedRecords += 1;
      this.#firstFailure ??= error;
    },
  };

  #accept(record: ProducedRecord, delivery: Delivery): Promise<void> {
    const { maxBufferedBytes } = this.#configuration;
    if (this.#end !== undefined) return Promise.reject(this.#end);
    if (this.#closed) return Promise.reject(new ProducerClosedError());
    let encoded: EncodedRecord;
    try {
      encoded = encodeRecord(record, Date.now());
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
    if (encoded.sizeBytes > maxBufferedBytes) {
      return Promise.reject(new RangeError(`a record of ${encoded.sizeBytes} bytes exceeds maxBufferedBytes`));
    }
    const nowMs = performance.now();
    const facts = this.#topic.known(nowMs);
    this.#lastTicket += 1;
    const ticket = this.#lastTicket;
    if (facts !== undefined && this.#waiting.length === 0 && this.#hasRoomFor(encoded)) {
      this.#place(encoded, delivery, ticket, facts, nowMs);
      return alreadyAccepted;
    }
    if (this.#waiting.length >= waitingCallsMax) {
      return Promise.reject(new BufferFullError(`${waitingCallsMax} records wait already for room in the buffer`));
    }
    if (facts === undefined) this.#describe(nowMs);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ encoded, delivery, ticket, accepted: resolve, refused: reject });
    });
  }

  #hasRoomFor(encoded: EncodedRecord): boolean {
    return this.#accumulator.bufferedBytes + encoded.sizeBytes <= this.#configuration.maxBufferedBytes;
  }

  #describe(nowMs: number): void {
    this.#topic.describe(nowMs).then(
      () => this.#admit(),
      (error: Error) => {
        for (const waiting of this.#waiting.splice(0)) waiting.refused(this.#end ?? error);
        this.#checkFlushes();
      },
    );
  }

  /** Takes records that wait, in order, while there is room. */
  #admit(): void {
    const nowMs = performance.now();
    const facts = this.#topic.known(nowMs);
    if (facts === undefined) return;
    let admitted = 0;
    for (const waiting of this.#waiting) {
      const { encoded, delivery, ticket } = waiting;
      if (!this.#hasRoomFor(encoded)) break;
      this.#place(encoded, delivery, ticket, facts, nowMs);
      waiting.accepted();
      admitted += 1;
    }
    this.#waiting.splice(0, admitted);
  }

  #place(encoded: EncodedRecord, delivery: Delivery, ticket: number, facts: TopicFacts, nowMs: number): void {
    const batchBytes = Math.min(this.#configuration.batchBytes, facts.messageBytesMax);
    const { key } = encoded.record;
    let partition = encoded.partition ?? this.#chooser.choose(key, facts.partitions);
    const isSticky = encoded.partition === undefined && key === null;
    if (isSticky && this.#accumulator.wouldComplete(partition, encoded.sizeBytes, batchBytes)) {
      this.#chooser.batchComplete(partition, facts.partitions);
      partition = this.#chooser.choose(key, facts.partitions);
    }
    const begun = this.#accumulator.append(encoded, delivery, { partition, batchBytes, ticket, nowMs });
    if (begun === undefined) return;
    // The batch before it, if there is one, has become due.
    this.#schedulePump();
    const { lingerMs } = this.#configuration;
    if (lingerMs === 0 || this.#flushes.size > 0) this.#accumulator.makeDue(begun);
    else this.#linger(begun, lingerMs);
  }

  #linger(batch: PendingBatch, lingerMs: number): void {
    const timer = setTimeout(() => {
      this.#lingering.delete(batch);
      this.#accumulator.makeDue(batch);
      this.#pump();
    }, lingerMs);
    this.#lingering.set(batch, timer);
  }

  /** After the current turn, so that records given in one go share a batch. */
  #schedulePump(): void {
    if (this.#pumpIsScheduled) return;
    this.#pumpIsScheduled = true;
    queueMicrotask(() => {
      this.#pumpIsScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#requestsInFlight < this.#configuration.maxInFlightRequests) {
      const batch = this.#accumulator.take();
      if (batch === undefined) return;
      clearTimeout(this.#lingering.get(batch));
      this.#lingering.delete(batch);
      const facts = this.#topic.known(performance.now());
      if (facts !== undefined) this.#chooser.batchComplete(batch.partition, facts.partitions);
      void this.#deliver(batch, facts?.hasLogAppendTime === true);
    }
  }

  async #deliver(batch: PendingBatch, hasLogAppendTime: boolean): Promise<void> {
    this.#requestsInFlight += 1;
    const outcome = await this.#sender.send(batch);
    this.#requestsInFlight -= 1;
    this.#accumulator.settle(batch);
    if (outcome.kind === "acknowledged") {
      const { baseOffset, appendedAtMs } = outcome.answer;
      const { partition } = batch;
      for (const [index, delivery] of batch.deliveries.entries()) {
        const timestamp = hasLogAppendTime ? appendedAtMs : (batch.records[index]?.timestamp ?? appendedAtMs);
        delivery.resolve({ partition, offset: baseOffset + index, timestamp });
      }
    } else {
      if (outcome.kind === "fatal") this.#stop(outcome.error);
      for (const delivery of batch.deliveries) delivery.reject(this.#end ?? outcome.error);
    }
    this.#admit();
    this.#checkFlushes();
    this.#pump();
  }

  /** Ends the producer: fails what was not sent, and breaks off what is on its way. */
  #stop(error: Error): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    this.#controller.abort(error);
    for (const timer of this.#lingering.values()) clearTimeout(timer);
    this.#lingering.clear();
    for (const waiting of this.#waiting.splice(0)) waiting.refused(error);
    for (const batch of this.#accumulator.clear()) {
      for (const delivery of batch.deliveries) delivery.reject(error);
    }
    this.#checkFlushes();
  }

  #isUnsettled(ticket: number): boolean {
    const first = this.#waiting[0];
    return (first !== undefined && first.ticket <= ticket) || this.#accumulator.hasUnsettled(ticket);
  }

  #checkFlushes(): void {
    for (const flush of this.#flushes) {
      if (this.#isUnsettled(flush.ticket)) continue;
      this.#flushes.delete(flush);
      flush.done();
    }
  }
}
