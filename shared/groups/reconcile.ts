/**
 * Leads one member, step by step, from what it holds to what it is to hold (KIP-848):
 *
 *     holds more than its target ──► told to give that up ──► says that it owns none of it ──► holds the rest, new epoch
 *     target has what is free    ──► given to it, new epoch
 *     target has what others hold ──► it waits
 *
 * Only the member's own heartbeat does this, so that what it holds changes only while it listens.
 */
import {
  type GroupState,
  holders,
  type Member,
  namesOf,
  type PartitionKey,
  type PartitionSet,
  placeOf,
} from "./group-state.ts";
import { withoutGoneTopics } from "./retarget.ts";

/**
 * The group after one step of the member; the same object if there is none.
 *
 * @param owned what the member says it owns; absent if it does not say, or says what is out of date
 */
export function reconcile(
  state: GroupState,
  memberId: string,
  owned: PartitionSet | undefined,
  nowMs: number,
): GroupState {
  const before = state.members.get(memberId);
  if (before === undefined) return state;
  const released = withRelease(before, owned);
  const asked = withRevocations(released, nowMs);
  const given = asked.revoking.size > 0 ? [] : freeOf(withMember(state, asked), asked);
  if (asked === before && given.length === 0) return state;
  const member = given.length === 0 ? asked : { ...asked, assigned: new Set([...asked.assigned, ...given]) };
  // What it holds has changed, so whatever it sent before is told apart by its epoch.
  if (released === before && given.length === 0) return withMember(state, member);
  const epoch = state.epoch + 1;
  const advanced = { ...member, epoch, previousEpoch: before.epoch };
  return withoutGoneTopics({ ...withMember(state, advanced), epoch });
}

export function withMember(state: GroupState, member: Member): GroupState {
  return { ...state, members: new Map(state.members).set(member.memberId, member) };
}

/** Without what the member was told to give up and says that it does not own. */
function withRelease(member: Member, owned: PartitionSet | undefined): Member {
  if (owned === undefined || member.revoking.size === 0) return member;
  const revoking = new Set([...member.revoking].filter((key) => owned.has(key)));
  if (revoking.size === member.revoking.size) return member;
  return revoking.size > 0 ? { ...member, revoking } : withoutDeadline({ ...member, revoking });
}

/** What it holds beyond its target it is to give up. */
function withRevocations(member: Member, nowMs: number): Member {
  const excess = [...member.assigned].filter((key) => !member.target.has(key));
  if (excess.length === 0) return member;
  return {
    ...member,
    assigned: new Set([...member.assigned].filter((key) => member.target.has(key))),
    revoking: new Set([...member.revoking, ...excess]),
    revokeByMs: nowMs + member.rebalanceTimeoutMs,
  };
}

function freeOf(state: GroupState, member: Member): PartitionKey[] {
  const missing = [...member.target].filter((key) => !member.assigned.has(key));
  if (missing.length === 0) return [];
  const held = holders(state);
  const names = namesOf(state);
  return missing.filter((key) => !held.has(placeOf(names, key)));
}

export function withoutDeadline(member: Member): Member {
  return { ...member, revokeByMs: undefined };
}
