/**
 * What groups of Kafka's classic protocol offer: members join, take what their leader assigns, and say that they live. Any
 * process serves any member. Every method throws `ServiceError`; beside what stands at each, any may throw INVALID_GROUP_ID |
 * UNKNOWN_NAMESPACE | INCONSISTENT_GROUP_PROTOCOL (a group of another type with members) | KAFKA_STORAGE_ERROR |
 * THROTTLING_QUOTA_EXCEEDED | REQUEST_TIMED_OUT (effect unknown; the same call may be sent again).
 */
import type { ServiceError } from "../api/errors.ts";
import type { ClassicWish } from "../groups/decide-classic.ts";
import type { GroupName } from "./groups.ts";

/** What is out of bounds of `rebalanceTimeoutMs`, for which the others are waited for, becomes the nearer bound. */
export interface JoinClassicGroup extends GroupName, Omit<ClassicWish, "memberId" | "newMemberId"> {
  /** Absent: the member has none yet. */
  readonly memberId?: string;
  /** Ends the wait for the others. */
  readonly signal?: AbortSignal;
}

export type ClassicJoin =
  /** MEMBER_ID_REQUIRED. */
  | { readonly kind: "named"; readonly memberId: string }
  | {
      readonly kind: "joined";
      readonly memberId: string;
      readonly generation: number;
      readonly protocolType: string;
      readonly protocolName: string;
      readonly leader: string;
      readonly skipAssignment: boolean;
      /** All members, for the leader; else none. */
      readonly members: readonly {
        readonly memberId: string;
        readonly instanceId?: string;
        readonly metadata: Uint8Array;
      }[];
    };

export interface ClassicMemberName extends GroupName {
  readonly memberId: string;
  readonly instanceId?: string;
  readonly generation: number;
}

export interface SyncClassicGroup extends ClassicMemberName {
  readonly protocolType?: string;
  readonly protocolName?: string;
  /** Of the leader: what each member is assigned. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[];
  /** Ends the wait for the leader. */
  readonly signal?: AbortSignal;
}

export interface ClassicSynced {
  readonly protocolType: string;
  readonly protocolName: string;
  readonly assignment: Uint8Array;
}

export interface LeaveClassicGroup extends GroupName {
  /** Without a memberId: whoever has the instance id. */
  readonly members: readonly { readonly memberId?: string; readonly instanceId?: string }[];
}

export interface ClassicGroupService {
  /**
   * Waits until the group's next generation begins. A repeat by the same member waits for the same.
   *
   * @throws ServiceError UNKNOWN_MEMBER_ID | FENCED_INSTANCE_ID | INCONSISTENT_GROUP_PROTOCOL | GROUP_MAX_SIZE_REACHED |
   *   INVALID_SESSION_TIMEOUT | INVALID_REQUEST, and the signal's reason
   */
  join(request: JoinClassicGroup): Promise<ClassicJoin>;
  /**
   * Waits until the leader has assigned.
   *
   * @throws ServiceError UNKNOWN_MEMBER_ID | FENCED_INSTANCE_ID | ILLEGAL_GENERATION | REBALANCE_IN_PROGRESS |
   *   INCONSISTENT_GROUP_PROTOCOL | GROUP_MAX_SIZE_REACHED (the assignments are too large), and the signal's reason
   */
  sync(request: SyncClassicGroup): Promise<ClassicSynced>;
  /**
   * At most one read in `classicLookMs` for all members of a group in this process, and one update in a third of the session.
   *
   * @throws ServiceError UNKNOWN_MEMBER_ID | FENCED_INSTANCE_ID | ILLEGAL_GENERATION | REBALANCE_IN_PROGRESS
   */
  heartbeat(request: ClassicMemberName): Promise<void>;
  /** One outcome for each member, in their order. @throws ServiceError INVALID_REQUEST */
  leave(request: LeaveClassicGroup): Promise<readonly ({ readonly error: ServiceError } | undefined)[]>;
}
