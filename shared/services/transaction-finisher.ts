/**
 * Lets every partition and group know how a transaction ends. The decision stands in the transaction's item; each of these
 * steps may be done by anyone, any number of times and at the same time, and changes something once.
 *
 * Model: `models/transactions/Transactions.tla`.
 */
import { type ErrorCode, ServiceError } from "../api/errors.ts";
import { markerTriesMax, transactionRetryMs } from "../limits/transactions.ts";
import type { Storage } from "../storage/storage.ts";
import { type EndOptions, planComplete, planEnd, type TransactionPlan } from "../transactions/plan-transaction.ts";
import {
  type DecidedTransaction,
  isDecided,
  type ProducerEpoch,
  type TransactionRecord,
} from "../transactions/transaction-record.ts";
import { isStorageFailure } from "./change-errors.ts";
import type { TransactionalOffsets } from "./groups.ts";
import type { ProducerIdService, TopicFinder } from "./services.ts";
import type { TransactionItems } from "./transaction-items.ts";
import { inParallel, isPassing, untilDone } from "./transaction-steps.ts";
import { transactionRefused } from "./transaction-verifier.ts";
import type { MarkerWriter, TransactionalId, TransactionMarker } from "./transactions.ts";

/** What is to be known of a transaction's end. */
export interface TransactionParts {
  readonly topics: TopicFinder;
  readonly producers: ProducerIdService;
  readonly markers: MarkerWriter;
  readonly offsets: TransactionalOffsets;
}

export class TransactionFinisher {
  readonly #storage: Storage;
  readonly #items: TransactionItems;
  readonly #parts: TransactionParts;

  constructor(storage: Storage, items: TransactionItems, parts: TransactionParts) {
    this.#storage = storage;
    this.#items = items;
    this.#parts = parts;
  }

  /**
   * Commits or aborts the producer's transaction, and lets all know.
   *
   * @returns whose the next transaction will be
   * @throws ServiceError PRODUCER_FENCED | INVALID_PRODUCER_ID_MAPPING | INVALID_TXN_STATE | REQUEST_TIMED_OUT (effect
   *   unknown), and as `TransactionItems.change`
   */
  async end(
    id: TransactionalId,
    producer: ProducerEpoch,
    commit: boolean,
    options: Omit<EndOptions, "fresh"> = {},
  ): Promise<ProducerEpoch> {
    const { clock } = this.#storage;
    const plan = (present: TransactionRecord | undefined, fresh?: ProducerEpoch): TransactionPlan =>
      planEnd(present, producer, commit, clock.wallMs(), { ...options, fresh });
    let changed = await this.#items.change(id, plan);
    if (changed.kind === "producer id wanted") {
      const fresh = await this.#parts.producers.allocate(id.namespace);
      changed = await this.#items.change(id, (present) => plan(present, fresh));
    }
    if (changed.kind === "refused") throw transactionRefused(changed.refusal);
    if (changed.kind === "producer id wanted" || changed.record === undefined) {
      throw new Error(`the end of a transaction was answered with ${changed.kind}`);
    }
    if (!isDecided(changed.record)) return changed.record.owner;
    await this.finishOrAskAgain(id, changed.record);
    return changed.record.next;
  }

  /**
   * Resolves when all know of the decision, and the next transaction may begin.
   *
   * @throws ServiceError | StorageTimeoutError | StorageThrottledError | StorageUnavailableError somebody does not know yet
   */
  async finish(id: TransactionalId, decided: DecidedTransaction): Promise<void> {
    await this.#tellAll(id, decided);
    await this.#items.change(id, (present) => planComplete(present, decided));
  }

  /**
   * As `finish`; what cannot be finished is looked at again.
   *
   * @throws ServiceError REQUEST_TIMED_OUT (effect unknown)
   */
  async finishOrAskAgain(id: TransactionalId, decided: DecidedTransaction): Promise<void> {
    try {
      await this.finish(id, decided);
    } catch (cause) {
      if (!isPassing(cause)) throw cause;
      await this.#askAgain(id);
      const end = decided.state === "PrepareCommit" ? "committed" : "aborted";
      throw new ServiceError("REQUEST_TIMED_OUT", `The transaction will be ${end}; not everyone knows yet`, {
        effect: "unknown",
        cause,
      });
    }
  }

  async #tellAll(id: TransactionalId, decided: DecidedTransaction): Promise<void> {
    const { producerId, producerEpoch } = decided.owner;
    const commit = decided.state === "PrepareCommit";
    const sequencesGoOn = decided.clientEpoch !== undefined && decided.fenced !== true;
    const steps = decided.groups.map((group) => (): Promise<void> => {
      const transaction = { namespace: id.namespace, group, producerId, producerEpoch };
      return unlessGone(() => this.#parts.offsets.decide(transaction, commit));
    });
    for (const { topic, topicId, partitions } of decided.topics) {
      for (const partition of partitions) {
        const marker = { topicId, partition, producerId, producerEpoch: producerEpoch + 1, commit, sequencesGoOn };
        steps.push(() =>
          unlessGone(async () => {
            if (await this.#isThere(id.namespace, topic, topicId)) await this.#mark(marker);
          }),
        );
      }
    }
    const failures = await inParallel(steps.map((step) => () => untilDone(this.#storage, markerTriesMax, step)));
    if (failures.length > 0) throw failures[0];
  }

  async #mark(marker: TransactionMarker): Promise<void> {
    try {
      await this.#parts.markers.write(marker);
    } catch (cause) {
      // A later transaction of the producer is open there: somebody else has finished this one long ago.
      if (!(cause instanceof ServiceError) || cause.code !== "INVALID_PRODUCER_EPOCH") throw cause;
    }
  }

  /** False for a topic that was deleted: nobody reads it, and a marker would be left behind. */
  async #isThere(namespace: string, name: string, topicId: string): Promise<boolean> {
    const { topics } = this.#parts;
    if ((await this.#idOf(namespace, name)) === topicId) return true;
    // What is remembered may be older than the transaction: also that there is no such topic.
    topics.forget(namespace, name);
    return (await topics.find(namespace, name)).topicId === topicId;
  }

  async #idOf(namespace: string, name: string): Promise<string | undefined> {
    try {
      return (await this.#parts.topics.find(namespace, name)).topicId;
    } catch (cause) {
      if (cause instanceof ServiceError && cause.code === "UNKNOWN_TOPIC_OR_PARTITION") return undefined;
      throw cause;
    }
  }

  async #askAgain({ namespace, transactionalId }: TransactionalId): Promise<void> {
    const duty = { kind: "transaction", namespace, transactionalId } as const;
    try {
      await this.#storage.wakeUps.wake(duty, transactionRetryMs);
    } catch (cause) {
      // The sweep finds it.
      if (!isStorageFailure(cause)) throw cause;
    }
  }
}

/** A group that cannot be has nothing to decide either. */
const gone: ReadonlySet<ErrorCode> = new Set([
  "UNKNOWN_TOPIC_OR_PARTITION",
  "UNKNOWN_NAMESPACE",
  "GROUP_ID_NOT_FOUND",
  "INVALID_GROUP_ID",
]);

/** What was deleted took with it what the end would decide. */
async function unlessGone(step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (cause) {
    const code = cause instanceof ServiceError ? cause.code : undefined;
    if (code === undefined || !gone.has(code)) throw cause;
  }
}
