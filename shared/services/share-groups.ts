/**
 * What share groups offer (KIP-932): records of topics as a queue. Workers acquire records for a time, and accept, release
 * or reject each; one that fails too often goes to the dead-letter topic. Every method throws `ServiceError`; beside what
 * stands at each, any may throw UNKNOWN_NAMESPACE | INVALID_GROUP_ID | KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED, a
 * write also REQUEST_TIMED_OUT (effect unknown: what may have been acquired comes back when its lock is over).
 */
import type { ServiceError } from "../api/errors.ts";
import type { GroupName } from "./groups.ts";
import type { Page, PageRequest } from "./pages.ts";
import type { FetchedRecord } from "./records.ts";

/** With Kafka's names of group settings in comments. */
export interface ShareGroupConfig {
  /** `share.record.lock.duration.ms`: 1,000 to 3,600,000; default 30,000. */
  readonly lockMs: number;
  /** `share.delivery.count.limit`: 1 to 100; default 5. */
  readonly deliveriesMax: number;
  /** `errors.deadletterqueue.topic.name`: where records go that were delivered too often or rejected; absent: dropped. */
  readonly deadLetterTopic?: string;
  /** `share.auto.offset.reset`: where a group begins in a partition that is new to it; default latest. */
  readonly startAt: "earliest" | "latest";
  /** `share.isolation.level`; default read_uncommitted. */
  readonly isolation: "read_uncommitted" | "read_committed";
}

export interface AcquireRecords extends GroupName {
  readonly topics: readonly string[];
  /** Chosen by the worker; the same in its acknowledgements. */
  readonly memberId: string;
  /** 1 to 1,000. */
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** Wait so long for records if there are none. */
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

export interface AcquiredRecord extends FetchedRecord {
  readonly topic: string;
  readonly partition: number;
  /** 1 the first time. */
  readonly deliveryCount: number;
}

export interface AcquiredRecords {
  readonly records: readonly AcquiredRecord[];
  /** From the answer on; `renew` begins it anew. */
  readonly lockMs: number;
}

export type AcknowledgeType =
  /** Handled. */
  | "accept"
  /** To be delivered again. */
  | "release"
  /** Never to be delivered again: to the dead-letter topic if there is one. */
  | "reject"
  /** Still at work on it (KIP-1222). */
  | "renew";

export interface Acknowledgement {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  /** Inclusive. */
  readonly lastOffset: number;
  readonly type: AcknowledgeType;
}

/** INVALID_RECORD_STATE: a record of the range is not, or no longer, acquired by the worker; nothing of the range was changed. */
export type AcknowledgeResult = Acknowledgement & { readonly error?: ServiceError };

export interface SharePartition {
  readonly topic: string;
  readonly partition: number;
  /** Every record before it is dealt with. */
  readonly startOffset: number;
  /** Records that are acquired now, and that wait to be delivered again. */
  readonly acquired: number;
  readonly available: number;
  /** Records from `startOffset` to the high watermark that are not dealt with. */
  readonly lag: number;
}

export interface ShareGroupDescription {
  readonly group: string;
  readonly config: ShareGroupConfig;
  readonly partitions: readonly SharePartition[];
}

export interface ShareGroupService {
  /** Makes the group if there is none. @throws ServiceError INVALID_CONFIG | INCONSISTENT_GROUP_PROTOCOL (a consumer group) */
  configure(name: GroupName, config: Partial<ShareGroupConfig>): Promise<ShareGroupConfig>;
  /** Makes the group if there is none. @throws ServiceError UNKNOWN_TOPIC_OR_PARTITION | INVALID_REQUEST | INCONSISTENT_GROUP_PROTOCOL */
  acquire(request: AcquireRecords): Promise<AcquiredRecords>;
  /** One conditional update for each partition. @throws ServiceError GROUP_ID_NOT_FOUND | INVALID_REQUEST */
  acknowledge(
    request: GroupName & { readonly memberId: string; readonly acknowledgements: readonly Acknowledgement[] },
  ): Promise<readonly AcknowledgeResult[]>;
  list(namespace: string, page: PageRequest): Promise<Page<{ readonly group: string }>>;
  /** @throws ServiceError GROUP_ID_NOT_FOUND */
  describe(name: GroupName): Promise<ShareGroupDescription>;
  /** @throws ServiceError GROUP_ID_NOT_FOUND | NON_EMPTY_GROUP (records are acquired) */
  delete(name: GroupName): Promise<void>;
  /**
   * Sends records from the group's dead-letter topic back to the topics that they came from, each once, from where the last
   * redrive ended.
   *
   * @throws ServiceError GROUP_ID_NOT_FOUND | INVALID_CONFIG (the group has no dead-letter topic)
   */
  redrive(
    name: GroupName & { readonly maxRecords: number },
  ): Promise<{ readonly redriven: number; readonly more: boolean }>;
}
