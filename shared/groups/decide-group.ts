/**
 * What becomes of a group by what its members say, and by what the clock and the topics say. Pure: the same group, the same
 * answer.
 */
import { groupMembersMax, groupRemovalsMax } from "../limits/groups.ts";
import { type GroupState, holders, type Member, type PartitionSet } from "./group-state.ts";
import { reconcile, withMember, withoutDeadline } from "./reconcile.ts";
import { isAsKnown, retarget, type TopicView, withoutGoneTopics, withTopics } from "./retarget.ts";

/** What time it is, and until when each member's session is. */
export interface Moment {
  /** Server's clock, ms. */
  readonly nowMs: number;
  /** What the clocks of two servers may differ by. */
  readonly skewMs: number;
  /** By member id. */
  readonly leases: ReadonlyMap<string, number>;
}

export type GroupRefusal =
  | "UNKNOWN_MEMBER_ID"
  | "FENCED_MEMBER_EPOCH"
  | "FENCED_INSTANCE_ID"
  | "UNRELEASED_INSTANCE_ID"
  | "GROUP_MAX_SIZE_REACHED";

/** `state` is the object that was given if nothing changes. */
export type GroupDecision =
  | { readonly kind: "decided"; readonly state: GroupState }
  | { readonly kind: "refused"; readonly code: GroupRefusal };

/** What a member is by its own choice. */
export type MemberWish = Pick<
  Member,
  | "memberId"
  | "instanceId"
  | "clientId"
  | "clientHost"
  | "assignor"
  | "topics"
  | "topicPattern"
  | "sessionTimeoutMs"
  | "rebalanceTimeoutMs"
>;

export interface HeartbeatSaid {
  readonly memberId: string;
  readonly memberEpoch: number;
  /** Absent: unchanged since it was last said. */
  readonly owned?: PartitionSet;
  /** Absent: unchanged. */
  readonly subscription?: { readonly topics: readonly string[]; readonly topicPattern?: string };
}

/**
 * Without the members whose session is over or who did not give up in time what they were to; some of them, if many.
 *
 * @param spared the member that is heard now
 * @param awaited the instance whose place somebody waits for: it goes first
 */
export function expire(state: GroupState, moment: Moment, spared?: string, awaited?: string): GroupState {
  const over = [...state.members.values()].filter((member) => member.memberId !== spared && isOver(member, moment));
  if (over.length === 0) return state;
  const isAwaited = ({ instanceId }: Member): boolean => instanceId !== undefined && instanceId === awaited;
  over.sort((one, other) => Number(isAwaited(other)) - Number(isAwaited(one)));
  return without(
    state,
    over.slice(0, groupRemovalsMax).map(({ memberId }) => memberId),
  );
}

/** Who holds nothing of a lease is over as well: nobody could ever extend it. */
export function isOver({ memberId, revokeByMs }: Member, { nowMs, skewMs, leases }: Moment): boolean {
  const leaseMs = leases.get(memberId) ?? 0;
  return Math.min(leaseMs, revokeByMs ?? Infinity) + skewMs <= nowMs;
}

/** A member that comes, or comes again. */
export function join(state: GroupState, wish: MemberWish, view: TopicView, moment: Moment): GroupDecision {
  const settled = expire(state, moment, wish.memberId, wish.instanceId);
  const known = settled.members.get(wish.memberId);
  const sibling = wish.instanceId === undefined ? undefined : siblingOf(settled, wish.instanceId, wish.memberId);
  if (sibling !== undefined && !sibling.left) return { kind: "refused", code: "UNRELEASED_INSTANCE_ID" };
  if (known === undefined && sibling === undefined && settled.members.size >= groupMembersMax) {
    return { kind: "refused", code: "GROUP_MAX_SIZE_REACHED" };
  }
  const seated =
    sibling === undefined || known !== undefined ? seat(settled, wish, known) : takeOver(settled, wish, sibling);
  const viewed = isAsKnown(seated.state, view) ? seated.state : withTopics(seated.state, view);
  const targeted = seated.moved || viewed !== seated.state ? retarget(viewed) : viewed;
  // It begins anew, and owns nothing yet.
  return decided(state, reconcile(targeted, wish.memberId, new Set(), moment.nowMs));
}

interface Seated {
  readonly state: GroupState;
  /** Whether that calls for new targets. */
  readonly moved: boolean;
}

function seat(state: GroupState, wish: MemberWish, known: Member | undefined): Seated {
  if (known === undefined) {
    const epoch = state.epoch + 1;
    const nothing = { target: new Set<string>(), assigned: new Set<string>(), revoking: new Set<string>() };
    const member: Member = { ...wish, ...nothing, epoch, previousEpoch: -1, left: false };
    return { state: withMember({ ...state, epoch }, member), moved: true };
  }
  const moved = !sameWish(known, wish);
  if (!moved && !known.left && known.sessionTimeoutMs === wish.sessionTimeoutMs) return { state, moved };
  return {
    state: withMember(state, { ...known, topicPattern: undefined, assignor: undefined, ...wish, left: false }),
    moved,
  };
}

/** Under another member id, and so out of reach of whatever the one before still sends. */
function takeOver(state: GroupState, wish: MemberWish, { memberId, ...place }: Member): Seated {
  const epoch = state.epoch + 1;
  const own = { ...place, topicPattern: undefined, assignor: undefined, ...wish };
  const member: Member = { ...own, replaced: memberId, epoch, previousEpoch: -1, left: false };
  const members = new Map([...state.members].filter(([id]) => id !== memberId)).set(wish.memberId, member);
  return { state: { ...state, epoch, members }, moved: !sameWish({ memberId, ...place }, wish) };
}

function siblingOf(state: GroupState, instanceId: string, memberId: string): Member | undefined {
  return [...state.members.values()].find((member) => member.instanceId === instanceId && member.memberId !== memberId);
}

function sameWish(member: Member, wish: MemberWish): boolean {
  return sameSubscription(member, wish) && member.assignor === wish.assignor;
}

function sameSubscription(
  one: Pick<Member, "topics" | "topicPattern">,
  other: Pick<Member, "topics" | "topicPattern">,
): boolean {
  const names = new Set(one.topics);
  const same = one.topics.length === other.topics.length && other.topics.every((name) => names.has(name));
  return same && one.topicPattern === other.topicPattern;
}

/** What a member of the group may say at this moment: itself, or why it is refused. */
function hear(
  state: GroupState,
  said: HeartbeatSaid,
  { leases, nowMs }: Moment,
): { readonly member: Member; readonly isCurrent: boolean } | { readonly refused: GroupRefusal } {
  const member = state.members.get(said.memberId);
  if (member === undefined) {
    const replaced = [...state.members.values()].some((other) => other.replaced === said.memberId);
    return { refused: replaced ? "FENCED_INSTANCE_ID" : "UNKNOWN_MEMBER_ID" };
  }
  if (member.left || (leases.get(said.memberId) ?? 0) <= nowMs) return { refused: "UNKNOWN_MEMBER_ID" };
  // Whoever comes next removes it: an answer would have it read what others are given at the same moment.
  if (member.revokeByMs !== undefined && member.revokeByMs <= nowMs) return { refused: "FENCED_MEMBER_EPOCH" };
  if (said.memberEpoch === member.epoch) return { member, isCurrent: true };
  // Its last answer was lost if it owns nothing but what it was to be told of (KIP-848).
  const owned = said.owned === undefined ? undefined : [...said.owned];
  const isBefore = said.memberEpoch === member.previousEpoch && owned?.every((key) => holds(member, key)) === true;
  return isBefore ? { member, isCurrent: false } : { refused: "FENCED_MEMBER_EPOCH" };
}

function holds({ assigned, revoking }: Member, key: string): boolean {
  return assigned.has(key) || revoking.has(key);
}

/** A member that says it lives. */
export function heartbeat(
  state: GroupState,
  said: HeartbeatSaid,
  view: TopicView | undefined,
  moment: Moment,
): GroupDecision {
  const heard = hear(state, said, moment);
  if ("refused" in heard) return { kind: "refused", code: heard.refused };
  const settled = expire(state, moment, said.memberId);
  const subscribed = subscribe(settled, said);
  const viewed = view === undefined || isAsKnown(subscribed, view) ? subscribed : withTopics(subscribed, view);
  const moved = subscribed !== settled || viewed !== subscribed;
  const targeted = moved ? retarget(viewed) : viewed;
  // What is out of date proves nothing of what was asked for since.
  return decided(state, reconcile(targeted, said.memberId, heard.isCurrent ? said.owned : undefined, moment.nowMs));
}

function subscribe(state: GroupState, { memberId, subscription }: HeartbeatSaid): GroupState {
  const member = state.members.get(memberId);
  if (subscription === undefined || member === undefined || sameSubscription(member, subscription)) return state;
  const { topics, topicPattern } = subscription;
  return withMember(state, { ...member, topics, topicPattern });
}

/** A member that goes. A static one keeps its place until its session is over, unless it goes for good. */
export function leave(state: GroupState, memberId: string, forever: boolean, moment: Moment): GroupDecision {
  const settled = expire(state, moment, memberId);
  const member = settled.members.get(memberId);
  if (member === undefined) return decided(state, settled);
  if (member.instanceId === undefined || forever) return decided(state, without(settled, [memberId]));
  if (member.left) return decided(state, settled);
  const assigned = new Set([...member.assigned].filter((key) => member.target.has(key)));
  const gone = withoutDeadline({ ...member, assigned, revoking: new Set(), left: true });
  const epoch = settled.epoch + 1;
  return decided(state, withoutGoneTopics({ ...withMember(settled, { ...gone, epoch }), epoch }));
}

function without(state: GroupState, memberIds: readonly string[]): GroupState {
  const members = new Map(state.members);
  for (const memberId of memberIds) members.delete(memberId);
  return withoutGoneTopics(retarget({ ...state, members }));
}

function decided(before: GroupState, state: GroupState): GroupDecision {
  // Throws if a partition has two holders.
  if (state !== before) holders(state);
  return { kind: "decided", state };
}
