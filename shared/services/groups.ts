/**
 * What consumer groups offer (KIP-848): members that share the partitions of their topics, and the offsets that they
 * commit. Every method throws `ServiceError`; beside what stands at each, any may throw UNKNOWN_NAMESPACE |
 * INVALID_GROUP_ID | KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED, a write also REQUEST_TIMED_OUT (effect unknown).
 */
import type { ServiceError } from "../api/errors.ts";
import type { Page, PageRequest } from "./pages.ts";

export interface GroupName {
  readonly namespace: string;
  /** 1 to 249 characters. */
  readonly group: string;
}

/** Some partitions of one topic, in ascending order. */
export interface TopicPartitions {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/** KIP-848's server-side assignors: `uniform` is balanced and sticky, `range` gives neighbours of each topic. */
export type Assignor = "uniform" | "range";

/** By names, by a pattern (RE2 syntax, must match the whole name), or both. */
export interface Subscription {
  readonly topics?: readonly string[];
  readonly topicPattern?: string;
}

export interface JoinGroup extends GroupName, Subscription {
  /** Chosen by the client, so that a repeated call joins once; absent: the service gives one. */
  readonly memberId?: string;
  /** A static member (KIP-345): one that comes back under it keeps its partitions. */
  readonly instanceId?: string;
  /** The group follows the assignor that most of its members ask for. */
  readonly assignor?: Assignor;
  readonly sessionTimeoutMs?: number;
  /** How long a member may take to give up partitions. */
  readonly rebalanceTimeoutMs?: number;
  readonly clientId?: string;
  /** Where it connects from, of a member that comes through a gateway. */
  readonly clientHost?: string;
}

export interface MemberHeartbeat extends GroupName, Subscription {
  readonly memberId: string;
  readonly memberEpoch: number;
  /**
   * What the member owns at this moment: all that it was told, but for what it has given up. Absent: unchanged since it was
   * last said, so a member that is to give something up says it here.
   */
  readonly owned?: readonly OwnedPartitions[];
}

/** What a member owns of a topic, which it names by its name or by its id. */
export type OwnedPartitions = TopicPartitions | { readonly topicId: string; readonly partitions: readonly number[] };

/** What a member is to do: own exactly `assignment`, and come back after `heartbeatIntervalMs`. */
export interface Membership {
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly assignment: readonly TopicPartitions[];
  /** Of the topics of `assignment`, in their order. */
  readonly assignmentTopicIds: readonly string[];
  readonly heartbeatIntervalMs: number;
  /**
   * How long the member lives from when it asked, unless it is heard again: its session's timeout, or what is left of it to give
   * up partitions that it was told to. Always above 0.
   */
  readonly sessionTimeoutMs: number;
}

export interface OffsetToCommit {
  readonly topic: string;
  readonly partition: number;
  /** The next record to read. */
  readonly offset: number;
  /** At most 4,096 characters. */
  readonly metadata?: string;
}

export interface CommitOffsets extends GroupName {
  /** Both or neither: without them only a group without members takes offsets. */
  readonly memberId?: string;
  /** Of a classic group's member, the generation. */
  readonly memberEpoch?: number;
  /** Of a static member of a classic group: one that was replaced learns that it was. */
  readonly instanceId?: string;
  readonly offsets: readonly OffsetToCommit[];
}

/** One partition's failure (a topic that is gone) hides no other's success. */
export type CommitResult =
  | { readonly topic: string; readonly partition: number }
  | { readonly topic: string; readonly partition: number; readonly error: ServiceError };

export interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  /** -1: nothing is committed. */
  readonly offset: number;
  readonly metadata: string;
  readonly committedAtMs?: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  /** Records from the committed offset, or from the start of the log where none is, to the high watermark. */
  readonly lag: number;
  /** Who owns the partition, if anyone does. */
  readonly memberId?: string;
}

export type ResetPoint =
  | { readonly to: "earliest" }
  | { readonly to: "latest" }
  | { readonly to: "timestamp"; readonly timestampMs: number }
  | { readonly to: "offset"; readonly offset: number }
  /** From what is committed; negative is back. */
  | { readonly to: "shift"; readonly by: number };

export interface ResetOffsets extends GroupName {
  readonly point: ResetPoint;
  /** Absent partitions: all of the topic; absent topics: all that the group has offsets of. */
  readonly topics?: readonly { readonly topic: string; readonly partitions?: readonly number[] }[];
  /** Only says what it would do. */
  readonly dryRun?: boolean;
}

export interface ResetResult {
  readonly topic: string;
  readonly partition: number;
  /** What was committed before; -1 if nothing was. */
  readonly from: number;
  /** Within the log: an offset outside of it becomes its nearer end. */
  readonly to: number;
}

/** Kafka's names of a group's states; those with `Rebalance` are of classic groups, `Assigning` and `Reconciling` of others. */
export type GroupState =
  | "Empty"
  | "Assigning"
  | "Reconciling"
  | "Stable"
  | "PreparingRebalance"
  | "CompletingRebalance";

export interface GroupSummary {
  readonly group: string;
  /** `classic`: of the protocol before KIP-848. */
  readonly type: "consumer" | "classic";
  /** What kind of members it has: `consumer`, or what a classic group's say; empty if none ever said it. */
  readonly protocolType: string;
  readonly state: GroupState;
  readonly members: number;
}

export interface GroupMember {
  readonly memberId: string;
  readonly instanceId?: string;
  readonly clientId?: string;
  readonly clientHost?: string;
  readonly memberEpoch: number;
  readonly topics: readonly string[];
  readonly topicPattern?: string;
  /** What it owns, and what it will. */
  readonly assignment: readonly TopicPartitions[];
  readonly target: readonly TopicPartitions[];
  /** Of the topics of both, in their order; none of a classic group's members. */
  readonly assignmentTopicIds: readonly string[];
  readonly targetTopicIds: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly leaseExpiresAtMs: number;
}

export interface GroupDescription extends GroupSummary {
  /** Of a classic group, its generation. */
  readonly groupEpoch: number;
  /** Of a classic group, what its members have agreed on; empty while they have not. */
  readonly assignor: string;
  readonly memberList: readonly GroupMember[];
  /** In the order of `memberList`: what the members of a classic group say to each other. Absent of others. */
  readonly classicMembers?: readonly ClassicGroupMember[];
}

export interface ClassicGroupMember {
  /** Empty unless the group is stable. */
  readonly metadata: Uint8Array;
  readonly assignment: Uint8Array;
}

/** A committed offset, as it stands in the group. */
export interface PlainOffset {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
  /** A transaction has another one that is not decided yet (KIP-447). */
  readonly unstable: boolean;
}

export interface GroupService {
  /**
   * Joins, or joins again. Members whose lease is over are removed by whoever comes next.
   *
   * @throws ServiceError GROUP_MAX_SIZE_REACHED | UNRELEASED_INSTANCE_ID | UNSUPPORTED_ASSIGNOR | INVALID_SESSION_TIMEOUT |
   *   INVALID_REGULAR_EXPRESSION | INVALID_TOPIC_EXCEPTION | INCONSISTENT_GROUP_PROTOCOL (a share group) | INVALID_REQUEST
   */
  join(request: JoinGroup): Promise<Membership>;
  /**
   * One conditional update while nothing changes.
   *
   * @throws ServiceError UNKNOWN_MEMBER_ID (join again) | FENCED_MEMBER_EPOCH | STALE_MEMBER_EPOCH | FENCED_INSTANCE_ID
   */
  heartbeat(request: MemberHeartbeat): Promise<Membership>;
  /**
   * Gives up the member's partitions at once; a static member's are kept for its return until its session is over, unless
   * `forever`. Leaving twice is no error.
   */
  leave(request: GroupName & { readonly memberId: string; readonly forever?: boolean }): Promise<void>;
  /**
   * One conditional update.
   *
   * @throws ServiceError UNKNOWN_MEMBER_ID | STALE_MEMBER_EPOCH | FENCED_MEMBER_EPOCH | OFFSET_METADATA_TOO_LARGE |
   *   INVALID_COMMIT_OFFSET_SIZE (the group has too many offsets)
   */
  commit(request: CommitOffsets): Promise<readonly CommitResult[]>;
  /**
   * Committed offsets with lag, also of partitions that are owned and have none.
   *
   * @param request `stable`: UNSTABLE_OFFSET_COMMIT while a transaction's offsets are undecided (KIP-447)
   * @throws ServiceError GROUP_ID_NOT_FOUND | UNSTABLE_OFFSET_COMMIT
   */
  offsets(
    request: GroupName & { readonly topics?: readonly string[]; readonly stable?: boolean },
  ): Promise<readonly CommittedOffset[]>;
  /**
   * Committed offsets without lag: one read, however many, if this process remembers their topics. Also, with an offset of -1,
   * those of partitions that only an undecided transaction has offsets of. None of a group that is not there.
   *
   * @param request with a member, it must be of that epoch; a classic group's is not looked at
   * @throws ServiceError INCONSISTENT_GROUP_PROTOCOL (a share group) | UNKNOWN_MEMBER_ID | STALE_MEMBER_EPOCH
   */
  committed(
    request: GroupName & { readonly memberId?: string; readonly memberEpoch?: number },
  ): Promise<readonly PlainOffset[]>;
  /**
   * Forgets committed offsets; those that are not there are no error. One read, and one update for 300 of them.
   *
   * @returns one outcome for each, in their order: of topics that members read GROUP_SUBSCRIBED_TO_TOPIC
   * @throws ServiceError GROUP_ID_NOT_FOUND | NON_EMPTY_GROUP (its members are no consumers)
   */
  forget(
    request: GroupName & { readonly offsets: readonly { readonly topic: string; readonly partition: number }[] },
  ): Promise<readonly CommitResult[]>;
  /** @throws ServiceError NON_EMPTY_GROUP | GROUP_ID_NOT_FOUND | UNKNOWN_TOPIC_OR_PARTITION */
  reset(request: ResetOffsets): Promise<readonly ResetResult[]>;
  list(namespace: string, page: PageRequest): Promise<Page<GroupSummary>>;
  /** @throws ServiceError GROUP_ID_NOT_FOUND */
  describe(name: GroupName): Promise<GroupDescription>;
  /** @throws ServiceError NON_EMPTY_GROUP | GROUP_ID_NOT_FOUND */
  delete(name: GroupName): Promise<void>;
}

/** A producer's transaction, as a group keeps offsets for it. */
export interface OffsetsOfTransaction extends GroupName {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export interface OffsetsToStage extends OffsetsOfTransaction, Omit<CommitOffsets, keyof GroupName> {
  /** When their caller asked for it, ms since the epoch; absent: now. */
  readonly askedAtMs?: number;
  /** Also beside members, without being one: older clients do not say who they are (KIP-447). */
  readonly anyone?: boolean;
}

/** Offsets that are committed with a transaction or not at all: what the transaction service needs of groups. */
export interface TransactionalOffsets {
  /**
   * Keeps offsets in the group, undecided. Repeating it replaces them partition by partition. One conditional update.
   *
   * @throws ServiceError as `GroupService.commit`; REQUEST_TIMED_OUT if it comes after one that was asked for later
   */
  stage(request: OffsetsToStage): Promise<void>;
  /**
   * Commits or drops what is staged for the transaction. Repeating it changes nothing, and no later transaction of the
   * producer is touched by it.
   */
  decide(transaction: OffsetsOfTransaction, commit: boolean): Promise<void>;
}
