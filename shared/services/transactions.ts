/**
 * What transactions offer, with Kafka's semantics (KIP-98, KIP-360, KIP-890): records in many partitions and offsets of
 * groups become visible together or never. Every method throws `ServiceError`; beside what stands at each, any may throw
 * UNKNOWN_NAMESPACE | KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED, a write also REQUEST_TIMED_OUT (effect unknown; the
 * same call may be sent again).
 *
 * As in KIP-890 a producer's epoch rises with the end of each transaction, so that nothing which comes late from one can
 * get into the next.
 */
import type { Later } from "../storage/later.ts";
import type { TransactionState } from "../transactions/transaction-record.ts";
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
  /** While one is under way. */
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
   * @throws ServiceError INVALID_TRANSACTION_TIMEOUT | CONCURRENT_TRANSACTIONS | BAD_ARGUMENTS
   */
  init(
    id: TransactionalId & { readonly timeoutMs?: number },
  ): Promise<{ readonly producerId: bigint; readonly producerEpoch: number }>;
  /**
   * Begins a transaction if none is open, and adds partitions to it. One conditional update, however many they are; none if
   * this process knows that they are in it.
   *
   * @throws ServiceError PRODUCER_FENCED | INVALID_PRODUCER_ID_MAPPING | INVALID_TXN_STATE | CONCURRENT_TRANSACTIONS |
   *   UNKNOWN_TOPIC_OR_PARTITION | INVALID_TOPIC_EXCEPTION
   */
  addPartitions(producer: TransactionalProducer & { readonly partitions: readonly TopicPartitions[] }): Promise<void>;
  /**
   * Kafka's AddOffsetsToTxn and TxnOffsetCommit: offsets of a group that are committed with the transaction.
   *
   * @param producer `anyone`: also beside a group's members, without being one, as clients before KIP-447 commit
   * @throws ServiceError as `addPartitions`, and as `GroupService.commit`
   */
  addOffsets(
    producer: TransactionalProducer & Omit<CommitOffsets, "namespace"> & { readonly anyone?: boolean },
  ): Promise<void>;
  /**
   * Commits or aborts, and returns when all partitions and groups know. Repeating it answers as the first time; the other
   * end then gets INVALID_TXN_STATE. Ending a transaction that never began is no error.
   *
   * @returns who the producer is in its next transaction: its sequences begin at 0 again
   * @throws ServiceError PRODUCER_FENCED | INVALID_PRODUCER_ID_MAPPING | INVALID_TXN_STATE | CONCURRENT_TRANSACTIONS
   */
  end(
    producer: TransactionalProducer & { readonly commit: boolean },
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
   * Resolves if the partition was added to the transaction that is open under this producer id and epoch. No request when
   * this process knows it, else one. What it answers stays true: the marker that ends the transaction raises the epoch in
   * all of its partitions.
   *
   * @throws ServiceError PRODUCER_FENCED | INVALID_PRODUCER_ID_MAPPING | INVALID_TXN_STATE
   */
  verify(producer: TransactionalProducer & { readonly topicId: string; readonly partition: number }): Promise<void>;
}

/** What ends a transaction in one partition: Kafka's control record. */
export interface TransactionMarker {
  readonly topicId: string;
  readonly partition: number;
  readonly producerId: bigint;
  /** The epoch after the transaction's: batches of a lower one are refused from then on. */
  readonly producerEpoch: number;
  readonly commit: boolean;
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
