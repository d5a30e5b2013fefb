/**
 * What the handlers (and later the gateway) call. Every method throws `ServiceError` for what a caller can cause or must
 * know; anything else that escapes is a bug and answers `SYSTEM_ERROR`.
 *
 * Limits of sizes and counts are checked by the schemas at the edge and again here, because the gateway has no schemas.
 */
import type { ServiceError } from "../api/errors.ts";
import type { AbortedTransaction } from "../partition/aborted-transactions.ts";
import type { CompactDuty } from "../storage/environment.ts";
import type { Identity } from "../tree/acl.ts";
import type { ClassicGroupService } from "./classic-groups.ts";
import type { GroupService } from "./groups.ts";
import type { ChangeService, ElectionService, LockService, SessionService, ZnodeService } from "./coordination.ts";
import type { ShareGroupService } from "./share-groups.ts";
import type { Follow } from "./namespace-follower.ts";
import type { Page, PageRequest } from "./pages.ts";
import type { SubscriptionService } from "./push.ts";
import type { FetchedRecord, ProduceRecord, RecordHeader } from "./records.ts";
import type { TopicCareService } from "./topic-care.ts";
import type { TransactionalId, TransactionService } from "./transactions.ts";

export type { FetchedRecord, Page, PageRequest, ProduceRecord, RecordHeader };

// ---- Namespaces ----

export interface NamespaceDescription {
  readonly name: string;
  readonly createdAtMs: number;
}

export interface NamespaceService {
  /** @throws ServiceError NAMESPACE_ALREADY_EXISTS | BAD_ARGUMENTS */
  create(name: string): Promise<NamespaceDescription>;
  list(page: PageRequest): Promise<Page<NamespaceDescription>>;
  /** Refused while it holds topics, znodes or sessions; groups and transactional ids go with it. @throws ServiceError UNKNOWN_NAMESPACE | NOT_EMPTY | BAD_ARGUMENTS (`default`) */
  delete(name: string): Promise<void>;
}

// ---- Topics ----

/** Configuration as Kafka has it: names to strings. */
export type TopicConfig = Readonly<Record<string, string>>;

export interface TopicDescription {
  readonly name: string;
  /** Random; a topic that is deleted and created again has another one. */
  readonly topicId: string;
  readonly partitions: number;
  /** What was set, not the defaults. */
  readonly config: TopicConfig;
  readonly createdAtMs: number;
}

export interface TopicChange {
  readonly partitions?: number;
  readonly config?: ConfigChange | ((present: TopicConfig) => ConfigChange);
  /** Only with a configuration that does not depend on the present one. */
  readonly idempotencyKey?: string;
  /** Only says whether it could be, and what the topic would be. */
  readonly validateOnly?: boolean;
}

/** Keys that are set, and with null those that go. */
export type ConfigChange = Readonly<Record<string, string | null>>;

export interface TopicService {
  /** What holds of configuration keys that a topic does not set, where it is not what `topicConfigKeys` says. */
  readonly configDefaults: TopicConfig;
  /** @throws ServiceError TOPIC_ALREADY_EXISTS | INVALID_TOPIC_EXCEPTION | INVALID_PARTITIONS | INVALID_CONFIG | UNKNOWN_NAMESPACE */
  create(
    namespace: string,
    topic: {
      readonly name: string;
      readonly partitions?: number;
      readonly config?: TopicConfig;
      readonly idempotencyKey?: string;
      /** Only says whether it could be, and what it would be. */
      readonly validateOnly?: boolean;
    },
  ): Promise<TopicDescription>;
  list(
    namespace: string,
    page: PageRequest,
  ): Promise<Page<{ readonly name: string; readonly topicId: string; readonly partitions: number }>>;
  /** @throws ServiceError UNKNOWN_TOPIC_OR_PARTITION */
  describe(namespace: string, name: string): Promise<TopicDescription>;
  /** More partitions, never fewer; a null value removes a configuration key. @throws ServiceError INVALID_PARTITIONS | INVALID_CONFIG | UNKNOWN_TOPIC_OR_PARTITION */
  alter(namespace: string, name: string, change: TopicChange): Promise<TopicDescription>;
  /** @throws ServiceError UNKNOWN_TOPIC_OR_PARTITION */
  delete(namespace: string, name: string, options?: { readonly idempotencyKey?: string }): Promise<void>;
}

/** What produce and fetch need to know of a topic; from a cache at most `topicCacheMsMax` old, else one request. */
export interface TopicMetadata {
  readonly topicId: string;
  readonly partitions: number;
  readonly config: TopicConfig;
}

export interface TopicFinder {
  /** @throws ServiceError UNKNOWN_TOPIC_OR_PARTITION | UNKNOWN_NAMESPACE | INVALID_TOPIC_EXCEPTION */
  find(namespace: string, name: string): Promise<TopicMetadata>;
  /** Drops what is cached, after an answer that contradicts it. */
  forget(namespace: string, name: string): void;
}

// ---- Producers ----

export interface ProducerIdService {
  /** A fresh id with epoch 0. Ids are never given twice. */
  allocate(namespace: string): Promise<{ readonly producerId: bigint; readonly producerEpoch: number }>;
}

export interface ProducerInPartition {
  readonly producerId: bigint;
  /** Of its transaction, which its client need not know. */
  readonly producerEpoch: number;
  /** -1 where it is not known. */
  readonly lastSequence: number;
  /** Absent of one that is silent for so long that only its open transaction is known. */
  readonly lastAppendedMs?: number;
  /** The first offset of its open transaction. */
  readonly openSinceOffset?: number;
}

export interface PartitionProducers {
  /** As many requests as a cold process needs to know a partition. @throws ServiceError UNKNOWN_TOPIC_OR_PARTITION */
  list(namespace: string, topic: string, partition: number): Promise<readonly ProducerInPartition[]>;
}

// ---- Produce ----

export interface AppendConditions {
  /** Append only if this is the high watermark; else BAD_VERSION with `details.highWatermark`. */
  readonly expectedOffset?: number;
  /** A higher one raises the partition's fence; a lower one gets FENCED with `details.fencingToken`. */
  readonly fencingToken?: number;
}

export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

export type ProduceResult =
  | { readonly partition: number; readonly offset: number; readonly timestamp: number }
  | { readonly partition: number; readonly error: ServiceError };

export interface ProduceService {
  /**
   * Records for any partitions; results in the order of the records. One partition's failure hides no other's success.
   *
   * @throws ServiceError UNKNOWN_TOPIC_OR_PARTITION | RECORD_LIST_TOO_LARGE | INVALID_RECORD: nothing was written
   */
  produce(request: {
    readonly namespace: string;
    readonly topic: string;
    readonly records: readonly ProduceRecord[];
    readonly idempotencyKey?: string;
  }): Promise<readonly ProduceResult[]>;

  /** Records for one partition, as one batch: all or nothing. @throws ServiceError as the partition answers */
  produceRecords(request: {
    readonly namespace: string;
    readonly topic: string;
    readonly partition: number;
    readonly records: readonly ProduceRecord[];
    readonly producer?: ProducerIdentity;
    /** The records belong to the transaction that `producer` has open under it: they become visible with its commit. */
    readonly transactionalId?: string;
    readonly conditions?: AppendConditions;
    readonly idempotencyKey?: string;
  }): Promise<{ readonly baseOffset: number; readonly timestamps: readonly number[] }>;

  /**
   * Whole RecordBatches v2, one after the other, appended in one entry: all or nothing. The service keeps `bytes` and
   * never changes it. Transactional batches need the `transactionalId` under which the producer's transaction is open.
   *
   * @throws ServiceError CORRUPT_MESSAGE | INVALID_RECORD | MESSAGE_TOO_LARGE | UNSUPPORTED_COMPRESSION_TYPE |
   *   UNSUPPORTED_FOR_MESSAGE_FORMAT | OUT_OF_ORDER_SEQUENCE_NUMBER | INVALID_PRODUCER_EPOCH | BAD_VERSION | FENCED |
   *   UNKNOWN_TOPIC_OR_PARTITION | THROTTLING_QUOTA_EXCEEDED | KAFKA_STORAGE_ERROR | REQUEST_TIMED_OUT (effect unknown)
   *   | INVALID_TXN_STATE | PRODUCER_FENCED | INVALID_PRODUCER_ID_MAPPING
   */
  produceBatches(request: {
    readonly namespace: string;
    readonly topic: string;
    readonly partition: number;
    readonly bytes: Uint8Array;
    readonly transactionalId?: string;
    readonly conditions?: AppendConditions;
    readonly idempotencyKey?: string;
    /** When its caller asked for it, ms since the epoch; absent: now. */
    readonly askedAtMs?: number;
    /** Called when the append has its place: what is appended to the partition from then on comes after it. */
    readonly onQueued?: () => void;
  }): Promise<{ readonly baseOffset: number; readonly appendedAtMs: number }>;
}

// ---- Fetch ----

export type Isolation = "read_uncommitted" | "read_committed";

export interface FetchRequest {
  readonly namespace: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** At least one whole batch is returned even if it is larger. */
  readonly maxBytes: number;
  readonly maxRecords: number;
  /** Wait until this many bytes are there, or `waitMs` is over. */
  readonly minBytes: number;
  readonly waitMs: number;
  readonly isolation: Isolation;
  /** Who asks: of `__znode_changes` only what they may READ is told. Absent: all of it. */
  readonly identities?: readonly Identity[];
  readonly signal?: AbortSignal;
}

export interface SeenBefore {
  readonly highWatermark: number;
  /** How soon what other processes wrote is looked for, ms; ever later then. */
  readonly pollMs: number;
}

export interface FetchWatermarks {
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
}

export interface FetchedBatches extends FetchWatermarks {
  /** Whole RecordBatches v2 with their true base offsets; the first may begin before `offset`. */
  readonly batches: readonly Uint8Array[];
  /** Where to go on. */
  readonly nextOffset: number;
  /**
   * With read_committed: the transactions whose batches among these are to be left out, `lastOffset` being their markers'.
   * The markers are among the batches, as Kafka's consumers expect it.
   */
  readonly aborted: readonly AbortedTransaction[];
}

export interface FetchedRecords extends FetchWatermarks {
  /** None before `offset`; control records left out, and with read_committed those of aborted transactions. */
  readonly records: readonly FetchedRecord[];
  readonly nextOffset: number;
}

export type OffsetPoint =
  | { readonly at: "earliest" }
  | { readonly at: "latest" }
  /** The record with the largest timestamp. */
  | { readonly at: "maxTimestamp" }
  | { readonly at: "timestamp"; readonly timestampMs: number };

export interface FetchService {
  /** @throws ServiceError OFFSET_OUT_OF_RANGE (details: logStartOffset, highWatermark) | UNKNOWN_TOPIC_OR_PARTITION | KAFKA_STORAGE_ERROR */
  fetchBatches(request: FetchRequest): Promise<FetchedBatches>;
  /**
   * Waits for more than the caller has read. Undefined, and nothing is read, where nothing was heard of before `waitMs` is over or
   * the signal comes, and it was not yet time to look for what other processes wrote.
   *
   * @throws ServiceError as `fetchBatches`
   */
  fetchMore(request: FetchRequest, seen: SeenBefore): Promise<FetchedBatches | undefined>;
  /** @throws ServiceError as `fetchBatches` */
  fetchRecords(request: FetchRequest): Promise<FetchedRecords>;
  /**
   * The offset and timestamp at a point; for a timestamp the first record at or after it, offset -1 if there is none (Kafka
   * ListOffsets). With read_committed the log ends at its last stable offset.
   */
  listOffset(
    namespace: string,
    topic: string,
    partition: number,
    point: OffsetPoint,
    isolation?: Isolation,
  ): Promise<{ readonly offset: number; readonly timestamp: number }>;
}

// ---- Truncate, background duties, health ----

export interface TruncateService {
  /** Deletes records before the offset (Kafka DeleteRecords); -1 means up to the high watermark. @throws ServiceError OFFSET_OUT_OF_RANGE | UNKNOWN_TOPIC_OR_PARTITION */
  truncate(
    namespace: string,
    topic: string,
    partition: number,
    beforeOffset: number,
  ): Promise<{ readonly logStartOffset: number }>;
}

export interface DutyService {
  /** Seals what is due in one partition; safe to run twice and at the same time elsewhere. */
  seal(topicId: string, partition: number, segmentBytes?: number): Promise<void>;
  /** Applies retention.ms and retention.bytes. */
  retain(topicId: string, partition: number): Promise<void>;
  /** Removes what nothing references and whose grace period is over. */
  collect(topicId: string, partition: number): Promise<void>;
  /** Compacts a partition, if it is due and was asked for not long ago; asks again for what it had to leave. */
  compact(duty: CompactDuty): Promise<void>;
  /** Closes a session whose lease is over; else asks for a look at it when it may be. */
  reap(namespace: string, sessionId: bigint): Promise<void>;
  /** Deletes a namespace's containers that are empty again, and its znodes whose TTL is over. */
  expire(namespace: string): Promise<void>;
  /** Ends a transaction that is over its time, or whose process died while it ended it; else asks for a look when it is. */
  recover(id: TransactionalId): Promise<void>;
  /**
   * Looks at every topic for duties that a lost wake-up left, and at the garbage of deleted topics; asks for the next sweep, for
   * when something will be due, unless nothing will be.
   */
  sweep(): Promise<void>;
  /** Asks for a sweep. */
  arm(): Promise<void>;
}

export interface GaugeService {
  /**
   * Tells where every group stands, and what the trees hold that this process follows, as far as time allows. Does nothing where
   * nothing is counted.
   *
   * @param msMax default `gaugeRefreshMsMax`
   */
  refresh(msMax?: number): Promise<void>;
}

export interface HealthService {
  /** Really writes and reads back. @throws ServiceError KAFKA_STORAGE_ERROR */
  check(): Promise<{ readonly storage: "ok" }>;
}

export interface Services {
  readonly namespaces: NamespaceService;
  readonly topics: TopicService;
  readonly topicCare: TopicCareService;
  readonly producers: ProducerIdService;
  readonly partitionProducers: PartitionProducers;
  readonly produce: ProduceService;
  readonly fetch: FetchService;
  readonly truncate: TruncateService;
  readonly duties: DutyService;
  readonly gauges: GaugeService;
  readonly health: HealthService;
  readonly znodes: ZnodeService;
  readonly changes: ChangeService;
  readonly sessions: SessionService;
  readonly elections: ElectionService;
  readonly locks: LockService;
  readonly shareGroups: ShareGroupService;
  readonly transactions: TransactionService;
  readonly groups: GroupService;
  readonly classicGroups: ClassicGroupService;
  readonly push: SubscriptionService;
  /** Follows a namespace's tree for a listener until it is closed. @throws ServiceError UNKNOWN_NAMESPACE | KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED */
  readonly follow: Follow;
}

/**
 * What is checked of batches that producers encode: every record of each, as Kafka does, or of compressed ones only what
 * something depends on, so that they are not decompressed; readers then find out about what does not hold.
 */
export type RecordChecks = "all" | "needed";

/** Knobs of the process that hosts the services. */
export interface ServiceOptions {
  /** How long a topic's metadata is served from memory; at most, and by default, `topicCacheMsMax`. */
  readonly topicCacheMs?: number;
  /** Partitions of a topic that is created without a number; by default 1, as in Kafka. */
  readonly defaultPartitions?: number;
  /** How long who listens to a log is known without asking; by default `subscribersCacheMs` of the limits. */
  readonly subscribersCacheMs?: number;
  /** By default `all`. */
  readonly recordChecks?: RecordChecks | undefined;
}
