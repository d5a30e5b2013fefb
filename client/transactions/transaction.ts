import type { ProducedRecord } from "../produced-record.ts";
import type { EncodedRecord } from "../producer/encode-record.ts";
import { encodeRecord } from "../producer/encode-record.ts";
import { PartitionChooser } from "../producer/partition-chooser.ts";
import type { RecordMetadata } from "../producer/pending-batch.ts";
import { PartitionLane } from "./partition-lane.ts";
import type { BatchIdentity } from "./partition-lane.ts";
import { ProducerFencedError, TransactionFailedError, TransactionStateError } from "./transaction-errors.ts";

/** Records for one topic. */
export interface TopicRecords {
  readonly topic: string;
  readonly records: readonly ProducedRecord[];
}

/** Where a record was written; whether it is ever seen is for the transaction to decide. */
export interface TransactionRecordMetadata extends RecordMetadata {
  readonly topic: string;
}

/** Offsets that a group commits with the transaction, and the member that read up to them. */
export interface TransactionOffsets {
  readonly group: string;
  /** Both or neither; a consumer tells them by `membership`. Fences offsets of a member that the group has put out. */
  readonly memberId?: string | undefined;
  readonly memberEpoch?: number | undefined;
  readonly offsets: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly metadata?: string;
  }[];
}

/** A partition of a topic, by name. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What a transaction asks of its producer. */
export interface TransactionPort {
  readonly identity: BatchIdentity;
  partitionsOf(topic: string): Promise<number>;
  add(partitions: readonly TopicPartition[]): Promise<void>;
  produce(place: TopicPartition, batches: Uint8Array): ReturnType<Parameters<PartitionLane["write"]>[1]>;
  addOffsets(offsets: TransactionOffsets): Promise<void>;
  end(commit: boolean): Promise<void>;
}

type TransactionState = "open" | "failed" | "ending" | "committed" | "aborted";

interface Share {
  readonly place: TopicPartition;
  readonly records: EncodedRecord[];
  /** Where each record stands among those that were given. */
  readonly indexes: number[];
}

/**
 * What is sent and committed here becomes visible to readers of `read_committed` together, or never. After a failure only
 * `abort` is left.
 */
export class Transaction implements AsyncDisposable {
  readonly #port: TransactionPort;
  readonly #lanes = new Map<string, PartitionLane>();
  readonly #choosers = new Map<string, PartitionChooser>();
  readonly #atWork = new Set<Promise<unknown>>();
  #state: TransactionState = "open";
  #failure: unknown;

  /** Made by `TransactionalProducer.begin`. */
  constructor(port: TransactionPort) {
    this.#port = port;
  }

  get isOpen(): boolean {
    return this.#state === "open" || this.#state === "failed";
  }

  /**
   * Writes records to a topic, those of each partition in their order; answers where they stand, in the order given.
   *
   * @throws TransactionFailedError it can only be aborted | ProducerFencedError | TransactionStateError it has ended
   * @throws RangeError a record cannot be encoded: nothing was written
   */
  send(topicRecords: TopicRecords): Promise<readonly TransactionRecordMetadata[]> {
    return this.sendBatch([topicRecords]);
  }

  /** As `send`, to several topics: one request tells the service of all new partitions. @throws as `send` */
  async sendBatch(batches: readonly TopicRecords[]): Promise<readonly TransactionRecordMetadata[]> {
    this.#requireOpen();
    const nowMs = Date.now();
    const encoded = batches.map(({ topic, records }) => ({
      topic,
      records: records.map((record) => encodeRecord(record, nowMs)),
    }));
    return await this.#track(async () => {
      const shares = await this.#shareOut(encoded);
      const isNew = ({ place }: Share): boolean => !this.#lanes.has(nameOf(place));
      const added = shares.filter(isNew).map(({ place }) => place);
      if (added.length > 0) await this.#port.add(added);
      const results: TransactionRecordMetadata[] = [];
      await Promise.all(shares.map((share) => this.#write(share, results)));
      return results;
    });
  }

  /**
   * Commits offsets of a group with the transaction.
   *
   * @throws TransactionFailedError | ProducerFencedError | TransactionStateError
   */
  async sendOffsets(offsets: TransactionOffsets): Promise<void> {
    this.#requireOpen();
    await this.#track(() => this.#port.addOffsets(offsets));
  }

  /**
   * Makes it visible. When it throws anything but what stands here it is not known whether it did: the next `begin` of the
   * transactional id waits for what becomes of it.
   *
   * @throws TransactionFailedError something failed before: it was not committed, and is to be aborted
   * @throws ProducerFencedError | TransactionStateError
   */
  async commit(): Promise<void> {
    this.#requireOpen();
    await Promise.allSettled(this.#atWork);
    this.#requireOpen();
    await this.#end(true);
  }

  /** Makes what was sent invisible for good. @throws ProducerFencedError | TransactionStateError */
  async abort(): Promise<void> {
    if (!this.isOpen) throw new TransactionStateError(`the transaction is ${this.#state}`);
    // What is under way must not be numbered after the end.
    const isFailed = this.#state === "failed";
    this.#fail(new TransactionStateError("the transaction is being aborted"));
    await Promise.allSettled(this.#atWork);
    if (isFailed && this.#failure instanceof ProducerFencedError) this.#state = "aborted";
    else await this.#end(false);
  }

  /** Aborts what was not committed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isOpen) await this.abort();
  }

  async #end(commit: boolean): Promise<void> {
    this.#state = "ending";
    await this.#port.end(commit);
    this.#state = commit ? "committed" : "aborted";
  }

  #requireOpen(): void {
    if (this.#state === "open") return;
    if (this.#state !== "failed") throw new TransactionStateError(`the transaction is ${this.#state}`);
    const cause = this.#failure;
    if (cause instanceof ProducerFencedError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TransactionFailedError(`the transaction can only be aborted: ${reason}`, { cause });
  }

  #fail(error: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "failed";
    this.#failure = error;
  }

  async #track<Result>(work: () => Promise<Result>): Promise<Result> {
    const promise = work();
    this.#atWork.add(promise);
    try {
      return await promise;
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      this.#atWork.delete(promise);
    }
  }

  async #shareOut(
    batches: readonly { readonly topic: string; readonly records: readonly EncodedRecord[] }[],
  ): Promise<readonly Share[]> {
    const shares = new Map<string, Share>();
    let index = 0;
    for (const { topic, records } of batches) {
      const partitions = await this.#port.partitionsOf(topic);
      const chooser = this.#chooserOf(topic);
      for (const encoded of records) {
        const partition = encoded.partition ?? chooser.choose(encoded.record.key, partitions);
        const place = { topic, partition };
        const name = nameOf(place);
        const share = shares.get(name) ?? { place, records: [], indexes: [] };
        shares.set(name, share);
        share.records.push(encoded);
        share.indexes.push(index);
        index += 1;
      }
    }
    return [...shares.values()];
  }

  /** One for each topic: records without a key of one transaction stay together. */
  #chooserOf(topic: string): PartitionChooser {
    const known = this.#choosers.get(topic) ?? new PartitionChooser(Math.random);
    this.#choosers.set(topic, known);
    return known;
  }

  async #write({ place, records, indexes }: Share, into: TransactionRecordMetadata[]): Promise<void> {
    const name = nameOf(place);
    const lane = this.#lanes.get(name) ?? new PartitionLane(this.#port.identity);
    this.#lanes.set(name, lane);
    const offsets = await lane.write(records, (batches) => this.#port.produce(place, batches));
    for (const [at, index] of indexes.entries()) {
      const offset = offsets[at] ?? -1;
      into[index] = { ...place, offset, timestamp: records[at]?.record.timestamp ?? -1 };
    }
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`;
}
