import type { CommandSender } from "../command.ts";
import { AbortTransactionCommand } from "../commands/abort-transaction-command.ts";
import { AddOffsetsToTransactionCommand } from "../commands/add-offsets-to-transaction-command.ts";
import { AddPartitionsToTransactionCommand } from "../commands/add-partitions-to-transaction-command.ts";
import { CommitTransactionCommand } from "../commands/commit-transaction-command.ts";
import { CreateProducerCommand } from "../commands/create-producer-command.ts";
import type { CreateProducerOutput } from "../commands/create-producer-command.ts";
import { DescribePartitionsCommand } from "../commands/describe-partitions-command.ts";
import { ProduceBatchesCommand } from "../commands/produce-batches-command.ts";
import type { Command } from "../command.ts";
import { Slots } from "./slots.ts";
import { callPatiently } from "./transaction-calls.ts";
import { ProducerFencedError, TransactionStateError } from "./transaction-errors.ts";
import { resolveTransactionOptions } from "./transaction-options.ts";
import type { TransactionalProducerOptions, TransactionConfiguration } from "./transaction-options.ts";
import { Transaction } from "./transaction.ts";
import type { TopicPartition, TransactionPort } from "./transaction.ts";

/** Topics whose number of partitions is remembered, and for how long; Kafka's `metadata.max.age.ms`. */
const topicsKept = 1_000;
const topicMaxAgeMs = 300_000;

/**
 * Writes in transactions, one after the other:
 *
 *     await using producer = new TransactionalProducer(client, { transactionalId: "transfer-1" });
 *     await producer.run(async (transaction) => {
 *       await transaction.send({ topic: "ledger", records: [{ key: "alice", value: "-5" }, { key: "bob", value: "+5" }] });
 *       await transaction.sendOffsets({ group: "transfers", offsets: [{ topic: "orders", partition: 0, offset: 42 }] });
 *     });
 *
 * The first one ends what an earlier producer of the same transactional id left open, and puts that producer out.
 */
export class TransactionalProducer implements AsyncDisposable {
  readonly #client: CommandSender;
  readonly #configuration: TransactionConfiguration;
  readonly #slots: Slots;
  readonly #topics = new Map<string, { readonly partitions: number; readonly seenMs: number }>();
  /** Undefined before the first transaction, and when it is not known what became of the last one. */
  #producer: CreateProducerOutput | undefined;
  #open: Transaction | undefined;
  #isBeginning = false;
  #fenced: ProducerFencedError | undefined;
  #closed = false;

  /** @throws TypeError for an option that cannot be */
  constructor(client: CommandSender, options: TransactionalProducerOptions) {
    this.#client = client;
    this.#configuration = resolveTransactionOptions(options);
    this.#slots = new Slots(this.#configuration.maxInFlightRequests);
  }

  /**
   * Begins a transaction; nothing is sent for it before its first record, but for the first.
   *
   * @throws TransactionStateError another one is open, or the producer is closed
   * @throws ProducerFencedError another producer has taken over | StreamkeeperException
   */
  async begin(): Promise<Transaction> {
    if (this.#closed) throw new TransactionStateError("the producer is closed");
    if (this.#isBeginning || this.#open?.isOpen === true) throw new TransactionStateError("a transaction is open");
    if (this.#fenced !== undefined) throw this.#fenced;
    this.#isBeginning = true;
    try {
      this.#producer ??= await this.#takeOver();
      const transaction = new Transaction(this.#portOf(this.#producer));
      this.#open = transaction;
      return transaction;
    } finally {
      this.#isBeginning = false;
    }
  }

  /**
   * Does the work in a transaction: commits it, or aborts it if the work throws.
   *
   * @throws what the work threw; as `begin` and `Transaction.commit`
   */
  async run<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const transaction = await this.begin();
    let result: Result;
    try {
      result = await work(transaction);
    } catch (error) {
      // What it threw says more than that it could not be aborted either: the service does it when its time is over.
      if (transaction.isOpen) await transaction.abort().catch(() => undefined);
      throw error;
    }
    try {
      await transaction.commit();
    } catch (error) {
      if (transaction.isOpen) await transaction.abort().catch(() => undefined);
      throw error;
    }
    return result;
  }

  /** Aborts what is open. @throws as `Transaction.abort` */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#open?.isOpen === true) await this.#open.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #takeOver(): Promise<CreateProducerOutput> {
    const { namespace, transactionalId, transactionTimeoutMs: timeoutMs } = this.#configuration;
    const taken = await this.#call(new CreateProducerCommand({ namespace, transactionalId, timeoutMs }));
    return { producerId: taken.producerId, producerEpoch: taken.producerEpoch };
  }

  #portOf(producer: CreateProducerOutput): TransactionPort {
    const { namespace, transactionalId, compressionType, batchBytes } = this.#configuration;
    const owner = { namespace, transactionalId, ...producer };
    return {
      identity: { ...producer, compressionType, batchBytes },
      partitionsOf: (topic) => this.#partitionsOf(topic),
      add: async (places) => {
        await this.#call(new AddPartitionsToTransactionCommand({ ...owner, partitions: byTopic(places) }));
      },
      produce: (place, batches) =>
        this.#slots.run(() =>
          this.#call(
            new ProduceBatchesCommand({ ...place, namespace, transactionalId, batches, idempotentProducer: true }),
          ),
        ),
      addOffsets: async (offsets) => {
        await this.#call(new AddOffsetsToTransactionCommand({ ...owner, ...offsets }));
      },
      end: async (commit) => {
        // Should the answer not come, the next one takes over anew, and hears what became of this one.
        this.#producer = undefined;
        const command = commit ? new CommitTransactionCommand(owner) : new AbortTransactionCommand(owner);
        const { producerId, producerEpoch } = await this.#call(command);
        this.#producer = { producerId, producerEpoch };
      },
    };
  }

  async #call<Input extends object, Output extends object>(command: Command<Input, Output>): Promise<Output> {
    const { deliveryTimeoutMs, signal } = this.#configuration;
    try {
      return await callPatiently(this.#client, command, deliveryTimeoutMs, signal);
    } catch (error) {
      if (error instanceof ProducerFencedError) this.#fenced = error;
      throw error;
    }
  }

  async #partitionsOf(topic: string): Promise<number> {
    const nowMs = performance.now();
    const known = this.#topics.get(topic);
    if (known !== undefined && nowMs - known.seenMs < topicMaxAgeMs) return known.partitions;
    const { namespace } = this.#configuration;
    const { partitions } = await this.#call(new DescribePartitionsCommand({ topic, namespace }));
    if (this.#topics.size >= topicsKept) this.#topics.clear();
    this.#topics.set(topic, { partitions, seenMs: nowMs });
    return partitions;
  }
}

function byTopic(
  places: readonly TopicPartition[],
): readonly { readonly topic: string; readonly partitions: readonly number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of places) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return [...topics].map(([topic, partitions]) => ({ topic, partitions: partitions.toSorted((a, b) => a - b) }));
}
