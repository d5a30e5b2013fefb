/**
 * What becomes of a classic group by what its members say. Kafka's rules (`GroupCoordinator`, KIP-345, KIP-394, KIP-814). Pure:
 * the same group, the same answer. Whoever asks has moved the group on first, by `advance`.
 */
import { groupMembersMax } from "../limits/groups.ts";
import { classicPendingMax } from "../limits/classic-groups.ts";
import { prepare, withMember, without } from "./advance-classic.ts";
import {
  type ClassicMember,
  type ClassicMoment,
  type ClassicProtocol,
  type ClassicState,
  memberOfInstance,
  noBytes,
  sameProtocols,
  selectProtocol,
  supports,
} from "./classic-state.ts";

export type ClassicRefusal =
  | "UNKNOWN_MEMBER_ID"
  | "FENCED_INSTANCE_ID"
  | "ILLEGAL_GENERATION"
  | "REBALANCE_IN_PROGRESS"
  | "INCONSISTENT_GROUP_PROTOCOL"
  | "GROUP_MAX_SIZE_REACHED";

export interface Refused {
  readonly kind: "refused";
  readonly code: ClassicRefusal;
}

/** Whoever joins, and as what. */
export interface ClassicWish {
  /** Empty: it has none yet. */
  readonly memberId: string;
  /** What it is to be called if it has none. */
  readonly newMemberId: string;
  readonly instanceId?: string;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly ClassicProtocol[];
  /** A member without an id gets one, and comes again with it (KIP-394). */
  readonly requiresMemberId: boolean;
  /** A static leader that comes back may be told not to assign anew (KIP-814). */
  readonly skipsAssignment: boolean;
}

export type JoinDecision =
  | Refused
  /** It is to join again with the id. */
  | { readonly kind: "named"; readonly state: ClassicState; readonly memberId: string }
  /** It is answered when a generation after this one begins. */
  | { readonly kind: "waits"; readonly state: ClassicState; readonly memberId: string }
  /** The present generation is its answer. */
  | {
      readonly kind: "answered";
      readonly state: ClassicState;
      readonly memberId: string;
      readonly leader: string;
      readonly skipAssignment: boolean;
      /** A static member's id was replaced, and with it nothing else. */
      readonly replaced: boolean;
    };

/** `state` is the object that was given if nothing changes. */
export function joinClassic(state: ClassicState, wish: ClassicWish, moment: ClassicMoment): JoinDecision {
  if (isFull(state, wish.memberId)) return refused("GROUP_MAX_SIZE_REACHED");
  if (!supports(state, wish.protocolType, wish.protocols)) return refused("INCONSISTENT_GROUP_PROTOCOL");
  return wish.memberId === "" ? joinNew(state, wish, moment) : joinAgain(state, wish, moment);
}

function isFull({ phase, members }: ClassicState, memberId: string): boolean {
  const known = members.get(memberId);
  if (phase !== "PreparingRebalance") return known === undefined && members.size >= groupMembersMax;
  if (known?.joined === true) return false;
  const waiting = [...members.values()].filter(({ joined }) => joined).length;
  return waiting >= groupMembersMax || (known === undefined && members.size >= groupMembersMax);
}

function joinNew(state: ClassicState, wish: ClassicWish, moment: ClassicMoment): JoinDecision {
  const { instanceId, newMemberId, requiresMemberId } = wish;
  const sibling = instanceId === undefined ? undefined : memberOfInstance(state, instanceId);
  if (sibling !== undefined) return replace(state, sibling, wish, moment);
  if (instanceId !== undefined || !requiresMemberId) return seat(state, newMemberId, wish, moment);
  if (state.pending.size >= classicPendingMax) return refused("GROUP_MAX_SIZE_REACHED");
  const pending = new Map(state.pending).set(newMemberId, moment.nowMs + wish.sessionTimeoutMs);
  return { kind: "named", state: { ...state, pending }, memberId: newMemberId };
}

function joinAgain(state: ClassicState, wish: ClassicWish, moment: ClassicMoment): JoinDecision {
  const { memberId, instanceId } = wish;
  if (state.pending.has(memberId) && instanceId === undefined) return seat(state, memberId, wish, moment);
  const problem = findProblem(state, memberId, instanceId);
  if (problem !== undefined) return refused(problem);
  const member = state.members.get(memberId);
  if (member === undefined) return refused("UNKNOWN_MEMBER_ID");
  const isSame = sameProtocols(member.protocols, wish.protocols);
  const { phase, leader } = state;
  // Its answer was lost; or it only wants to know the generation. A leader in a stable group wants to assign anew.
  const isAnswered = isSame && (phase === "CompletingRebalance" || (phase === "Stable" && leader !== memberId));
  if (isAnswered) return { kind: "answered", state, memberId, leader, skipAssignment: false, replaced: false };
  const isJoined = phase === "PreparingRebalance" && member.joined && isSame;
  if (isJoined) return { kind: "waits", state, memberId };
  return { kind: "waits", state: prepare(withMember(state, asWished(member, wish)), memberId, moment), memberId };
}

function seat(state: ClassicState, memberId: string, wish: ClassicWish, moment: ClassicMoment): JoinDecision {
  const { instanceId, clientId, clientHost } = wish;
  const own = { memberId, clientId, clientHost, joined: true, assignment: noBytes, protocols: [] };
  const timeouts = { sessionTimeoutMs: wish.sessionTimeoutMs, rebalanceTimeoutMs: wish.rebalanceTimeoutMs };
  const member = asWished({ ...own, ...timeouts, ...(instanceId === undefined ? {} : { instanceId }) }, wish);
  const pending = new Map(state.pending);
  pending.delete(memberId);
  const isFirst = state.members.size === 0;
  const seated: ClassicState = {
    ...withMember(state, member),
    pending,
    ...(isFirst ? { leader: memberId, protocolType: wish.protocolType } : {}),
    ...(state.initial === undefined ? {} : { initial: { ...state.initial, hasNewcomers: true } }),
  };
  return { kind: "waits", state: prepare(seated, memberId, moment), memberId };
}

/** The static member is there again, under another id, and so out of reach of whatever the one before still sends. */
function replace(state: ClassicState, sibling: ClassicMember, wish: ClassicWish, moment: ClassicMoment): JoinDecision {
  const memberId = wish.newMemberId;
  const { clientId, clientHost } = wish;
  const member = { ...asWished({ ...sibling, clientId, clientHost }, wish), memberId };
  // In its place: who leads when nobody was chosen is who came first.
  const members = new Map(
    [...state.members].map(([id, other]) => (id === sibling.memberId ? [memberId, member] : [id, other])),
  );
  const leader = state.leader === sibling.memberId ? memberId : state.leader;
  const replaced = { ...state, members, leader };
  if (state.phase !== "Stable" || selectProtocol(replaced) !== state.protocolName) {
    return { kind: "waits", state: prepare(replaced, memberId, moment), memberId };
  }
  const common = { kind: "answered", state: replaced, memberId, replaced: true } as const;
  // An older client that heard that it leads would assign anew to a group that does not expect it.
  if (!wish.skipsAssignment) return { ...common, leader: state.leader, skipAssignment: false };
  return { ...common, leader, skipAssignment: leader === memberId };
}

function asWished(member: ClassicMember, wish: ClassicWish): ClassicMember {
  const { sessionTimeoutMs, rebalanceTimeoutMs, protocols } = wish;
  return { ...member, sessionTimeoutMs, rebalanceTimeoutMs, protocols };
}

/** Why the group does not know the member, if it does not. */
export function findProblem(
  state: ClassicState,
  memberId: string,
  instanceId: string | undefined,
): "UNKNOWN_MEMBER_ID" | "FENCED_INSTANCE_ID" | undefined {
  if (instanceId !== undefined) {
    const present = memberOfInstance(state, instanceId);
    if (present === undefined) return "UNKNOWN_MEMBER_ID";
    if (present.memberId !== memberId) return "FENCED_INSTANCE_ID";
  }
  return state.members.has(memberId) ? undefined : "UNKNOWN_MEMBER_ID";
}

/** A member of the group, as it says that it is. */
export interface ClassicSelf {
  readonly memberId: string;
  readonly instanceId?: string | undefined;
  readonly generation: number;
}

function findStale(state: ClassicState, { memberId, instanceId, generation }: ClassicSelf): ClassicRefusal | undefined {
  const problem = findProblem(state, memberId, instanceId);
  if (problem !== undefined) return problem;
  return generation === state.generation ? undefined : "ILLEGAL_GENERATION";
}

export interface ClassicSync extends ClassicSelf {
  /** Absent in older versions. */
  readonly protocolType?: string | undefined;
  readonly protocolName?: string | undefined;
  /** By member id; only the leader's count. */
  readonly assignments: ReadonlyMap<string, Uint8Array>;
}

export type SyncDecision =
  | Refused
  /** The leader has not assigned yet. */
  | { readonly kind: "waits" }
  | { readonly kind: "assigned"; readonly state: ClassicState; readonly assignment: Uint8Array };

/** A member that asks what it is assigned; the leader says it for all. */
export function syncClassic(state: ClassicState, sync: ClassicSync, { nowMs }: ClassicMoment): SyncDecision {
  const stale = findStale(state, sync);
  if (stale !== undefined) return refused(stale);
  const { protocolType = state.protocolType, protocolName = state.protocolName, memberId, assignments } = sync;
  if (protocolType !== state.protocolType || protocolName !== state.protocolName) {
    return refused("INCONSISTENT_GROUP_PROTOCOL");
  }
  if (state.phase === "PreparingRebalance") return refused("REBALANCE_IN_PROGRESS");
  if (state.phase === "Stable") {
    return { kind: "assigned", state, assignment: state.members.get(memberId)?.assignment ?? noBytes };
  }
  if (state.leader !== memberId) return { kind: "waits" };
  const members = new Map(
    [...state.members].map(([id, member]) => [id, { ...member, assignment: assignments.get(id) ?? noBytes }]),
  );
  const stable: ClassicState = { ...state, phase: "Stable", members, aliveAtMs: nowMs };
  return { kind: "assigned", state: stable, assignment: assignments.get(memberId) ?? noBytes };
}

/** Whether a member that says it lives has to join again, or is none. */
export function heartbeatClassic(state: ClassicState, self: ClassicSelf): ClassicRefusal | undefined {
  const stale = findStale(state, self);
  if (stale !== undefined) return stale;
  return state.phase === "PreparingRebalance" ? "REBALANCE_IN_PROGRESS" : undefined;
}

/** By its id, by its instance id, or by both. */
export interface ClassicLeave {
  /** Empty: whoever has the instance id. */
  readonly memberId: string;
  readonly instanceId?: string | undefined;
}

/** Several members that go, and what each is told. */
export function leaveClassic(
  state: ClassicState,
  leaves: readonly ClassicLeave[],
  moment: ClassicMoment,
): { readonly state: ClassicState; readonly refusals: readonly (ClassicRefusal | undefined)[] } {
  const gone = new Set<string>();
  const pending = new Map(state.pending);
  const refusals = leaves.map(({ memberId, instanceId }): ClassicRefusal | undefined => {
    const id =
      memberId === "" && instanceId !== undefined ? (memberOfInstance(state, instanceId)?.memberId ?? "") : memberId;
    if (instanceId === undefined && pending.delete(id)) return undefined;
    const problem = findProblem(state, id, instanceId);
    if (problem !== undefined || gone.has(id)) return problem ?? "UNKNOWN_MEMBER_ID";
    gone.add(id);
    return undefined;
  });
  const unawaited = pending.size === state.pending.size ? state : { ...state, pending };
  return { state: gone.size === 0 ? unawaited : without(unawaited, gone, moment), refusals };
}

function refused(code: ClassicRefusal): Refused {
  return { kind: "refused", code };
}
