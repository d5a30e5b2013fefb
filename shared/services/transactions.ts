/**
 * What transactions offer, with Kafka's semantics (KIP-98, KIP-360, KIP-890): records in many partitions and offsets of
 * groups become visible together or never. Every method throws `ServiceError`; beside what stands at each, any may throw
 * UNKNOWN_NAMESPACE | KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED, a write also REQUEST_TIMED_OUT (effect unknown; the
 * same call may be sent again).
 *
 * As in KIP-890 a producer's epoch rises with the end of each transaction, so that nothing which comes late from one can
 * get into the next. A client that keeps its epoch (Kafka's before 4.0) is the producer all the same: what comes under its
 * epoch is taken for the transaction that is open when it is looked at (docs/decisions/0034).
 */
import type { Later } from "../storage/later.ts";
import type { ProducerEpoch, TransactionState } from "../transactions/transaction-record.ts";
import type { CommitOffsets, TopicPartitions } from "./groups.ts";
import type { Page, PageRequest } from "./pages.ts";
import type { ProduceRecord } from "./records.ts";

/** 1 to 249 characters; one producer at a time may use it. */
export interface TransactionalId {
  readonly namespace: string;
  readonly transactionalId: string;
}

export interface TransactionalProducer extends TransactionalId {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export interface TransactionDescription {
  readonly transactionalId: string;
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly state: TransactionState;
  readonly timeoutMs: number;
  /** Of the one that is under way, or of the last one. */
  readonly startedAtMs?: number;
  readonly partitions: readonly TopicPartitions[];
  readonly groups: readonly string[];
}

/** A transaction in one call. */
export interface AtomicWrite {
  readonly namespace: string;
  readonly produce: readonly { readonly topic: string; readonly records: readonly ProduceRecord[] }[];
  readonly offsets: readonly Omit<CommitOffsets, "namespace">[];
  /** A repeat under it answers as the first time. */
  readonly idempotencyKey?: string;
}

export interface AtomicResult {
  /** One for each record, in the order of `produce` and of its records. */
  readonly results: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly timestamp: number;
  }[];
}

export interface TransactionService extends TransactionVerifier {
  /**
   * Kafka's InitProducerId: takes over the transactional id, aborts what its earlier owner left open, and fences it.
   *
   * @param id `resumes`: who it must be that asks, for another epoch of its own (KIP-360)
   * @throws ServiceError INVALID_TRANSACTION_TIMEOUT | CONCURRENT_TRANSACTIONS | BAD_ARGUMENTS | PRODUCER_FENCED
   */
  init(
    id: TransactionalId & { readonly timeoutMs?: number; readonly resumes?: ProducerEpoch },
  ): Promise<{ readonly producerId: bigint; readonly producerEpoch: number }>;
  /**
   * Begins a transaction if none is open, and adds partitions to it. One conditional update, however many they are; none if
   * this process knows that they are in it.
   *
   * @param producer `keepsEpoch`: the client's transactions have one epoch all, so that what this process knows may be of the
   *   one before
   * @throws ServiceError PRODUCER_FENCED | INVALID_PRODUCER_ID_MAPPING | INVALID_TXN_STATE | CONCURRENT_TRANSACTIONS |
   *   UNKNOWN_TOPIC_OR_PARTITION | INVALID_TOPIC_EXCEPTION
   */
  addPartitions(
    producer: TransactionalProducer & {
      readonly partitions: readonly TopicPartitions[];
      readonly keepsEpoch?: boolean;
    },
  ): Promise<void>;
  /**
   * Kafka's AddOffsetsToTxn: the group's offsets will be committed with the transaction. As `addPartitions`.
   *
   * @throws ServiceError as `addPartitions`, and INVALID_GROUP_ID
   */
  addGroup(producer: TransactionalProducer & { readonly group: string; readonly keepsEpoch?: boolean }): Promise<void>;
  /**
   * Kafka's TxnOffsetCommit: offsets of a group that are committed with the transaction. Adds the group to it.
   *
   * @param producer `anyone`: also beside a group's members, without being one, as clients before KIP-447 commit;
   *   `isAdded`: the group must be in the transaction already, else INVALID_TXN_STATE
   * @throws ServiceError as `addPartitions`, and as `GroupService.commit`
   */
  addOffsets(
    producer: TransactionalProducer &
      Omit<CommitOffsets, "namespace"> & { readonly anyone?: boolean; readonly isAdded?: boolean },
  ): Promise<void>;
  /**
   * Commits or aborts, and returns when all partitions and groups know. Repeating it answers as the first time; the other
   * end then gets INVALID_TXN_STATE. Ending a transaction that never began is no error, unless the epoch is kept.
   *
   * @param producer `keepsEpoch`: the client goes on with the epoch and the sequences that it has, as Kafka's before KIP-890
   * @returns who the producer is in its next transaction: its sequences begin at 0 again. Of no use where the epoch is kept
   * @throws ServiceError PRODUCER_FENCED | INVALID_PRODUCER_ID_MAPPING | INVALID_TXN_STATE | CONCURRENT_TRANSACTIONS
   */
  end(
    producer: TransactionalProducer & { readonly commit: boolean; readonly keepsEpoch?: boolean },
  ): Promise<{ readonly producerId: bigint; readonly producerEpoch: number }>;
  /** @throws ServiceError TRANSACTIONAL_ID_NOT_FOUND */
  describe(id: TransactionalId): Promise<TransactionDescription>;
  list(namespace: string, page: PageRequest): Promise<Page<TransactionDescription>>;
  /**
   * All of it or nothing.
   *
   * @throws ServiceError as `ProduceService.produce` and `GroupService.commit`: nothing was written then
   */
  execute(write: AtomicWrite): Promise<AtomicResult>;
  /** The duty: finishes what was decided, aborts what is over its time, else asks for a look when it will be. */
  recover(id: TransactionalId): Promise<void>;
  /** Looks at all transactions of a namespace: what lost wake-ups left. @param later told when open ones will be over */
  sweep(namespace: string, later?: Later): Promise<void>;
}

/** What produce asks before it lets a transactional batch into a partition. */
export interface TransactionVerifier {
  /**
   * Resolves if the partition was added to the transaction that is open under this producer id and epoch, with the epoch of
   * that transaction. No request when this process knows it, else one. What it answers stays true: the marker that ends the
   * transaction raises the epoch in all of its partitions.
   *
   * @param producer `askedAtMs`: when the client's request came, by the wall clock; absent: now. Under an epoch that a client keeps it may
   *   be of an earlier transaction than the one that is open by now; `isAgain`: what this process knows has turned out to be old
   * @throws ServiceError PRODUCER_FENCED | INVALID_PRODUCER_ID_MAPPING | INVALID_TXN_STATE | CONCURRENT_TRANSACTIONS (asked for
   *   before the open transaction began)
   */
  verify(
    producer: TransactionalProducer & {
      readonly topicId: string;
      readonly partition: number;
      readonly askedAtMs?: number;
      readonly isAgain?: boolean;
    },
  ): Promise<VerifiedProducer>;
}

export interface VerifiedProducer {
  /** The transaction's: other than the client's where that keeps its own. */
  readonly producerEpoch: number;
  /** The first epoch since which the client's sequences go on: the transaction's own, where they begin with it. */
  readonly sequencesSince: number;
  /** False if it was just asked for. */
  readonly isRemembered: boolean;
}

/** What ends a transaction in one partition: Kafka's control record. */
export interface TransactionMarker {
  readonly topicId: string;
  readonly partition: number;
  readonly producerId: bigint;
  /** The epoch after the transaction's: batches of a lower one are refused from then on. */
  readonly producerEpoch: number;
  readonly commit: boolean;
  /** The producer's sequences do not begin anew after it. */
  readonly sequencesGoOn?: boolean;
}

/** What the transaction service needs of partitions. */
export interface MarkerWriter {
  /**
   * Resolves when the marker is durable, or had been before. One put.
   *
   * @throws ServiceError REQUEST_TIMED_OUT | KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED: write it again
   */
  write(marker: TransactionMarker): Promise<void>;
}
