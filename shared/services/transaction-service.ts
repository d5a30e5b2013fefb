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
import {
  type Additions,
  findOwnerProblem,
  isAskedBefore,
  planAdd,
  planInit,
} from "../transactions/plan-transaction.ts";
import {
  actingAs,
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
import type { CommitOffsets, TopicPartitions } from "./groups.ts";
import { checkNamespaceName, type Namespaces } from "./namespace-service.ts";
import type { Page, PageRequest } from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";
import { checkLimit } from "./topic-checks.ts";
import { TransactionFinisher, type TransactionParts } from "./transaction-finisher.ts";
import { afterAtomicIds, checkTransactionalId } from "./transaction-ids.ts";
import { checkTransactionSize } from "./transaction-size.ts";
import { type ChangedTransaction, type TransactionItems, transactionOf } from "./transaction-items.ts";
import { TransactionRecovery } from "./transaction-recovery.ts";
import { askedBefore, transactionRefused, transactionVerifier } from "./transaction-verifier.ts";
import type {
  AtomicResult,
  AtomicWrite,
  TransactionalId,
  TransactionDescription,
  TransactionService,
  TransactionVerifier,
  VerifiedProducer,
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

  async init(request: Parameters<TransactionService["init"]>[0]): Promise<ProducerEpoch> {
    const { timeoutMs = transactionTimeoutMsDefault } = request;
    const id = idOf(request);
    checkTimeout(timeoutMs);
    return await withChangeErrors(async () => {
      await this.#parts.namespaces.require(id.namespace);
      let fresh: ProducerEpoch | undefined;
      const { resumes } = request;
      let expected = resumes;
      for (let round = 0; round < takeoversMax; round += 1) {
        const changed = await this.#items.change(id, (present) =>
          planInit(present, timeoutMs, this.#storage.clock.wallMs(), { fresh, resumes, expected }),
        );
        if (changed.kind === "refused") throw transactionRefused(changed.refusal);
        if (changed.kind === "producer id wanted") {
          fresh = await this.#parts.producers.allocate(id.namespace);
          continue;
        }
        const { record } = changed;
        if (record === undefined) throw unplanned(changed);
        if (!isDecided(record)) return record.owner;
        // Nobody but who it is has come so far.
        expected = record.next;
        await this.#finisher.finishOrAskAgain(id, record);
      }
      throw transactionRefused("CONCURRENT_TRANSACTIONS", "Others take over the transactional id at the same time");
    });
  }

  async addPartitions(producer: Parameters<TransactionService["addPartitions"]>[0]): Promise<void> {
    const id = idOf(producer);
    await withChangeErrors(async () => {
      const topics = await this.#findTopics(id.namespace, producer.partitions);
      await this.#add(id, producer, { topics, groups: [] }, producer.keepsEpoch);
    });
  }

  async addGroup(producer: Parameters<TransactionService["addGroup"]>[0]): Promise<void> {
    const { group, keepsEpoch } = producer;
    const id = idOf(producer);
    checkGroupName({ namespace: id.namespace, group });
    await withChangeErrors(() => this.#add(id, producer, { topics: [], groups: [group] }, keepsEpoch));
  }

  async addOffsets(producer: Parameters<TransactionService["addOffsets"]>[0]): Promise<void> {
    const { group, isAdded = false } = producer;
    const id = idOf(producer);
    const askedAtMs = this.#storage.clock.wallMs();
    // What no group takes must not get into the transaction: its end would be refused as well, and it would never be over.
    checkGroupName({ namespace: id.namespace, group });
    checkCommit(producer);
    await withChangeErrors(async () => {
      const added = { topics: [], groups: [group] };
      // First, so that nothing is staged of which the transaction does not know.
      const take = (isAgain: boolean): Promise<Taken> =>
        isAdded ? this.#find(id, { ...producer, askedAtMs }, added, isAgain) : this.#add(id, producer, added, isAgain);
      const taken = await take(false);
      try {
        return await this.#stage(id, taken, { ...producer, askedAtMs });
      } catch (cause) {
        // A client that keeps its epoch may be in its next transaction, of which this process does not know.
        const isOver = cause instanceof ServiceError && overCodes.has(cause.code);
        if (!isOver || taken.isNow) throw cause;
        const again = await take(true);
        if (isSameProducer(again.owner, taken.owner)) throw cause;
        await this.#stage(id, again, { ...producer, askedAtMs });
      }
    });
  }

  async #stage(
    id: TransactionalId,
    { owner, isNow }: Taken,
    request: Omit<CommitOffsets, "namespace"> & { readonly askedAtMs: number; readonly anyone?: boolean },
  ): Promise<void> {
    const { group, memberId, memberEpoch, instanceId, anyone, offsets, askedAtMs } = request;
    await this.#parts.offsets.stage({
      namespace: id.namespace,
      group,
      ...owner,
      offsets,
      askedAtMs,
      ...(memberId === undefined ? {} : { memberId }),
      ...(memberEpoch === undefined ? {} : { memberEpoch }),
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(anyone === undefined ? {} : { anyone }),
    });
    if (!isNow) await this.#dropIfOver(id, owner, group);
  }

  async end(producer: Parameters<TransactionService["end"]>[0]): Promise<ProducerEpoch> {
    const id = idOf(producer);
    const { commit, keepsEpoch } = producer;
    return await withChangeErrors(() => this.#finisher.end(id, producer, commit, { keepsEpoch }));
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

  verify(producer: Parameters<TransactionVerifier["verify"]>[0]): Promise<VerifiedProducer> {
    return this.#verifier.verify(producer);
  }

  /** Makes them a part of the transaction. @param isAsked what this process remembers may be of an earlier one */
  async #add(id: TransactionalId, producer: ProducerEpoch, added: Additions, isAsked = false): Promise<Taken> {
    const known = isAsked ? undefined : this.#known(id, producer, added);
    if (known !== undefined) return known;
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
    if (changed.kind === "producer id wanted" || changed.record === undefined) throw unplanned(changed);
    return { owner: changed.record.owner, isNow: true };
  }

  /** What is a part of the transaction already. @throws ServiceError INVALID_TXN_STATE if it is none */
  async #find(
    id: TransactionalId,
    producer: ProducerEpoch & { readonly askedAtMs: number },
    added: Additions,
    isAgain: boolean,
  ): Promise<Taken> {
    const known = isAgain ? undefined : this.#known(id, producer, added);
    if (known !== undefined) return known;
    const present = await this.#items.read(id);
    const refusal = findOwnerProblem(present, actingAs(present, producer));
    if (present === undefined || refusal !== undefined) {
      throw transactionRefused(refusal ?? "INVALID_PRODUCER_ID_MAPPING");
    }
    const isOpen = present.state === "Ongoing";
    if (isOpen && isAskedBefore(present, producer.askedAtMs)) throw askedBefore();
    if (isOpen && covers(present, added)) return { owner: present.owner, isNow: true };
    throw transactionRefused("INVALID_TXN_STATE", "The group was not added to the transaction");
  }

  #known(id: TransactionalId, producer: ProducerEpoch, added: Additions): Taken | undefined {
    const known = this.#items.knownOpen(id);
    const isOwner = known !== undefined && isSameProducer(known.owner, actingAs(known, producer));
    return isOwner && covers(known, added) ? { owner: known.owner, isNow: false } : undefined;
  }

  /**
   * What was staged for a transaction that was over by then: its end is marked in the group, which refuses what comes late,
   * unless the group, or the whole namespace, was deleted since. Then nobody would ever decide it.
   */
  async #dropIfOver(id: TransactionalId, owner: ProducerEpoch, group: string): Promise<void> {
    const present = await this.#items.read(id);
    const refusal = findOwnerProblem(present, owner);
    if (refusal === undefined) return;
    const { producerId, producerEpoch } = owner;
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

/** As a part of which transaction something is written, and whether the store has just said so. */
interface Taken {
  readonly owner: ProducerEpoch;
  readonly isNow: boolean;
}

/** What is answered for a transaction that is over. */
const overCodes: ReadonlySet<string> = new Set(["INVALID_TXN_STATE", "PRODUCER_FENCED"]);

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
  const { state, owner, clientEpoch, timeoutMs, startedAtMs, topics, groups } = record;
  return {
    transactionalId,
    producerId: owner.producerId,
    producerEpoch: clientEpoch ?? owner.producerEpoch,
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
