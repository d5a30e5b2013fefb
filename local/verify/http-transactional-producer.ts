import type { CommandSender } from "../../client/command.ts";
import { TransactionFailedError, TransactionStateError } from "../../client/transactions/transaction-errors.ts";
import { TransactionalProducer } from "../../client/transactions/transactional-producer.ts";
import type { Transaction } from "../../client/transactions/transaction.ts";
import type { CommittedOffset, LogTransaction, TopicPartition, TransactionalLogProducer } from "../../verify/target.ts";
import { CrashableSender } from "./crashable-sender.ts";
import { recordOf } from "./record-value.ts";
import { targetErrorOf, translated } from "./target-errors.ts";

export interface HttpTransactionalProducerOptions {
  readonly transactionalId: string;
  readonly timeoutMs: number;
  readonly deliveryTimeoutMs: number;
}

export class HttpTransactionalProducer implements TransactionalLogProducer {
  readonly #sender: CrashableSender;
  readonly #producer: TransactionalProducer;

  constructor(client: CommandSender, options: HttpTransactionalProducerOptions) {
    const { transactionalId, timeoutMs: transactionTimeoutMs, deliveryTimeoutMs } = options;
    this.#sender = new CrashableSender(client);
    const { signal } = this.#sender;
    this.#producer = new TransactionalProducer(this.#sender, {
      transactionalId,
      transactionTimeoutMs,
      deliveryTimeoutMs,
      signal,
    });
  }

  async begin(): Promise<LogTransaction> {
    return new HttpTransaction(await translated(() => this.#producer.begin()));
  }

  crash(): void {
    this.#sender.crash();
  }

  async close(): Promise<void> {
    await translated(() => this.#producer.close());
  }
}

class HttpTransaction implements LogTransaction {
  readonly #transaction: Transaction;

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }

  async send({ topic, partition }: TopicPartition, values: readonly number[]): Promise<readonly number[]> {
    const records = values.map((value) => recordOf(value, partition));
    const results = await translated(() => this.#transaction.send({ topic, records }));
    return results.map(({ offset }) => offset);
  }

  async sendOffsets(group: string, offsets: readonly CommittedOffset[]): Promise<void> {
    await translated(() => this.#transaction.sendOffsets({ group, offsets }));
  }

  async commit(): Promise<void> {
    try {
      await this.#transaction.commit();
    } catch (error) {
      // Of a commit that was asked for nobody knows, whatever the last attempt was told.
      const wasNotAsked = error instanceof TransactionFailedError || error instanceof TransactionStateError;
      throw targetErrorOf(error, wasNotAsked ? "fail" : "info");
    }
  }

  async abort(): Promise<void> {
    await translated(() => this.#transaction.abort());
  }
}
