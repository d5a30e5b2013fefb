/**
 * Transactions of producers with a transactional id. Which state an id is in is decided by single conditional writes of its
 * item; what follows from a decision, whoever comes next can do (docs/decisions/0016).
 */
import { checkGroupName } from "./group-name.ts";
import { ServiceError } from "../api/errors.ts";
import { takeoversMax, transactionTimeoutMsDefault, transactionTimeoutMsMax } from "../limits/transactions.ts";
import { transactionsPartition } from "../storage/item-keys.ts";
import type { Later } from "../storage/later.ts";
import type { Storage } from "../storage/storage.ts";
import { type Additions, findOwnerProblem, planAdd, planInit } from "../transactions/plan-transaction.ts";
import {
  covers,
  isDecided,
  isSameProducer,
  mergeTopics,
  type ProducerEpoch,
  type TransactionRecord,
  type TransactionTopic,
} from "../transactions/transaction-record.ts";
import { AtomicWrites, type AtomicWriteParts } from "./atomic-writes.ts";
import { withChangeErrors } from "./change-errors.ts";
import { findPartition } from "./find-partition.ts";
import { checkCommit } from "./group-checks.ts";
import type { TopicPartitions } from "./groups.ts";
import { checkNamespaceName, type Namespaces } from "./namespace-service.ts";
import type { Page, PageRequest } from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";
import { checkLimit } from "./topic-checks.ts";
import { TransactionFinisher, type TransactionParts } from "./transaction-finisher.ts";
import { afterAtomicIds, checkTransactionalId } from "./transaction-ids.ts";
import { checkTransactionSize } from "./transaction-size.ts";
import { type ChangedTransaction, type TransactionItems, transactionOf } from "./transaction-items.ts";
import { TransactionRecovery } from "./transaction-recovery.ts";
import { transactionRefused, transactionVerifier } from "./transaction-verifier.ts";
import type {
  AtomicResult,
  AtomicWrite,
  TransactionalId,
  TransactionalProducer,
  TransactionDescription,
  TransactionService,
  TransactionVerifier,
} from "./transactions.ts";

/** What transactions need of the other services. */
export interface TransactionServiceParts extends TransactionParts, AtomicWriteParts {
  readonly namespaces: Pick<Namespaces, "require">;
}

export function transactionService(
  storage: Storage,
  items: TransactionItems,
  parts: TransactionServiceParts,
): TransactionService {
  return new CoordinatedTransactions(storage, items, parts);
}

class CoordinatedTransactions implements TransactionService {
  readonly #storage: Storage;
  readonly #items: TransactionItems;
  readonly #parts: TransactionServiceParts;
  readonly #finisher: TransactionFinisher;
  readonly #recovery: TransactionRecovery;
  readonly #verifier: TransactionVerifier;
  readonly #atomic: AtomicWrites;

  constructor(storage: Storage, items: TransactionItems, parts: TransactionServiceParts) {
    this.#storage = storage;
    this.#items = items;
    this.#parts = parts;
    this.#finisher = new TransactionFinisher(storage, items, parts);
    this.#recovery = new TransactionRecovery(storage, items, this.#finisher);
    this.#verifier = transactionVerifier(items);
    this.#atomic = new AtomicWrites(storage, items, {
      parts,
      finisher: this.#finisher,
      recovery: this.#recovery,
    });
  }

  async init(request: TransactionalId & { readonly timeoutMs?: number }): Promise<ProducerEpoch> {
    const { timeoutMs = transactionTimeoutMsDefault } = request;
    const id = idOf(request);
    checkTimeout(timeoutMs);
    return await withChangeErrors(async () => {
      await this.#parts.namespaces.require(id.namespace);
      let fresh: ProducerEpoch | undefined;
      for (let round = 0; round < takeoversMax; round += 1) {
        const changed = await this.#items.change(id, (present) =>
          planInit(present, timeoutMs, this.#storage.clock.wallMs(), fresh),
        );
        if (changed.kind === "producer id wanted") fresh = await this.#parts.producers.allocate(id.namespace);
        else if (changed.kind === "finish") await this.#finisher.finishOrAskAgain(id, changed.record);
        else if (changed.kind === "written") {
          if (!isDecided(changed.record)) return changed.record.owner;
          await this.#finisher.finishOrAskAgain(id, changed.record);
        } else throw unplanned(changed);
      }
      throw transactionRefused("CONCURRENT_TRANSACTIONS", "Others take over the transactional id at the same time");
    });
  }

  async addPartitions(
    producer: TransactionalProducer & { readonly partitions: readonly TopicPartitions[] },
  ): Promise<void> {
    const id = idOf(producer);
    await withChangeErrors(async () => {
      const topics = await this.#findTopics(id.namespace, producer.partitions);
      await this.#add(id, producer, { topics, groups: [] });
    });
  }

  async addOffsets(producer: Parameters<TransactionService["addOffsets"]>[0]): Promise<void> {
    const { group, memberId, memberEpoch, instanceId, anyone, offsets, producerId, producerEpoch } = producer;
    const id = idOf(producer);
    const askedAtMs = this.#storage.clock.wallMs();
    // What no group takes must not get into the transaction: its end would be refused as well, and it would never be over.
    checkGroupName({ namespace: id.namespace, group });
    checkCommit(producer);
    await withChangeErrors(async () => {
      // First, so that nothing is staged of which the transaction does not know.
      const isNow = await this.#add(id, producer, { topics: [], groups: [group] });
      await this.#parts.offsets.stage({
        namespace: id.namespace,
        group,
        producerId,
        producerEpoch,
        offsets,
        askedAtMs,
        ...(memberId === undefined ? {} : { memberId }),
        ...(memberEpoch === undefined ? {} : { memberEpoch }),
        ...(instanceId === undefined ? {} : { instanceId }),
        ...(anyone === undefined ? {} : { anyone }),
      });
      if (!isNow) await this.#dropIfOver(id, producer, group);
    });
  }

  async end(producer: TransactionalProducer & { readonly commit: boolean }): Promise<ProducerEpoch> {
    const id = idOf(producer);
    return await withChangeErrors(() => this.#finisher.end(id, producer, producer.commit));
  }

  async describe(request: TransactionalId): Promise<TransactionDescription> {
    const id = idOf(request);
    return await withStorageErrors(async () => {
      const record = await this.#items.read(id);
      if (record !== undefined) return descriptionOf(id.transactionalId, record);
      await this.#parts.namespaces.require(id.namespace);
      throw new ServiceError("TRANSACTIONAL_ID_NOT_FOUND", `Nobody uses the transactional id ${id.transactionalId}`);
    });
  }

  async list(namespace: string, { limit, nextToken }: PageRequest): Promise<Page<TransactionDescription>> {
    checkLimit(limit);
    if (nextToken !== undefined) checkTransactionalId(nextToken);
    return await withStorageErrors(async () => {
      await this.#parts.namespaces.require(namespace);
      const after = nextToken ?? afterAtomicIds;
      const { items, next } = await this.#storage.items.query(transactionsPartition(namespace), { limit, after });
      const page = { items: items.map((item) => descriptionOf(item.key.sort, transactionOf(item))) };
      return next === undefined ? page : { ...page, nextToken: next };
    });
  }

  execute(write: AtomicWrite): Promise<AtomicResult> {
    return this.#atomic.execute(write);
  }

  async recover({ namespace, transactionalId }: TransactionalId): Promise<void> {
    await this.#recovery.recover({ namespace, transactionalId });
  }

  sweep(namespace: string, later?: Later): Promise<void> {
    return this.#recovery.sweep(namespace, later);
  }

  verify(producer: Parameters<TransactionVerifier["verify"]>[0]): Promise<void> {
    return this.#verifier.verify(producer);
  }

  /** False if it was in the transaction already, as this process remembers it. */
  async #add(id: TransactionalId, producer: ProducerEpoch, added: Additions): Promise<boolean> {
    const known = this.#items.knownOpen(id);
    if (known && isSameProducer(known.owner, producer) && covers(known, added)) return false;
    const nowMs = this.#storage.clock.wallMs();
    const changed = await this.#items.change(id, (present) => {
      const plan = planAdd(present, producer, added, nowMs);
      if (plan.kind === "write") checkTransactionSize(plan.record);
      return plan;
    });
    if (changed.kind === "refused") throw transactionRefused(changed.refusal);
    if (changed.kind === "written" && changed.record.startedAtMs === nowMs) {
      await this.#recovery.watch(id, changed.record.timeoutMs);
    }
    return true;
  }

  /**
   * What was staged for a transaction that was over by then: its end is marked in the group, which refuses what comes late,
   * unless the group, or the whole namespace, was deleted since. Then nobody would ever decide it.
   */
  async #dropIfOver(id: TransactionalId, producer: ProducerEpoch, group: string): Promise<void> {
    const present = await this.#items.read(id);
    const refusal = findOwnerProblem(present, producer);
    if (refusal === undefined) return;
    const { producerId, producerEpoch } = producer;
    await this.#parts.offsets.decide({ namespace: id.namespace, group, producerId, producerEpoch }, false);
    throw transactionRefused(refusal);
  }

  async #findTopics(namespace: string, all: readonly TopicPartitions[]): Promise<readonly TransactionTopic[]> {
    const found = await Promise.all(
      all.map(async ({ topic, partitions }): Promise<TransactionTopic> => {
        const highest = partitions.reduce((most, partition) => Math.max(most, partition), 0);
        const { topicId } = await findPartition(this.#parts.topics, namespace, topic, highest);
        const wrong = partitions.find((partition) => !Number.isInteger(partition) || partition < 0);
        if (wrong === undefined) return { topicId, topic, partitions };
        throw new ServiceError("UNKNOWN_TOPIC_OR_PARTITION", `${topic} has no partition ${wrong}`);
      }),
    );
    return mergeTopics(found, []);
  }
}

function idOf({ namespace, transactionalId }: TransactionalId): TransactionalId {
  // Keys are made of both.
  checkNamespaceName(namespace);
  checkTransactionalId(transactionalId);
  return { namespace, transactionalId };
}

function checkTimeout(timeoutMs: number): void {
  if (Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= transactionTimeoutMsMax) return;
  throw new ServiceError(
    "INVALID_TRANSACTION_TIMEOUT",
    `A transaction's time-out is 1 to ${transactionTimeoutMsMax} ms`,
    {
      details: { timeoutMsMax: transactionTimeoutMsMax },
    },
  );
}

function descriptionOf(transactionalId: string, record: TransactionRecord): TransactionDescription {
  const { state, owner, timeoutMs, startedAtMs, topics, groups } = record;
  return {
    transactionalId,
    ...owner,
    state,
    timeoutMs,
    ...(startedAtMs === undefined ? {} : { startedAtMs }),
    partitions: topics.map(({ topic, partitions }) => ({ topic, partitions })),
    groups,
  };
}

/** No plan of ours says so. */
function unplanned(changed: ChangedTransaction): Error {
  return new Error(`a transaction was answered with ${changed.kind}`);
}
