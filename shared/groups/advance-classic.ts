/** What becomes of a classic group by the clock: sessions end, and rebalances go on with who is there. Pure. */
import { classicInitialDelayMs } from "../limits/classic-groups.ts";
import { groupRemovalsMax } from "../limits/groups.ts";
import {
  type ClassicMember,
  type ClassicMoment,
  type ClassicState,
  hasSynced,
  noBytes,
  selectProtocol,
  sessionEndMs,
} from "./classic-state.ts";

/** One step on; the object that was given if there is none to take. More may be left after it. */
export function advance(state: ClassicState, moment: ClassicMoment): ClassicState {
  const living = withoutTheDead(state, moment);
  return finishJoining(withoutTheUnsynced(living, moment), moment);
}

/** As whoever looks next will find it. */
export function advancedInMemory(state: ClassicState, moment: ClassicMoment): ClassicState {
  let settled = state;
  // Each step removes members, or begins or ends a rebalance.
  for (let steps = 0; steps < 100; steps += 1) {
    const next = advance(settled, moment);
    if (next === settled) break;
    settled = next;
  }
  return settled;
}

/** Members whose session is over; some of them, if many. */
export function deadOf(state: ClassicState, moment: ClassicMoment): ClassicMember[] {
  const { nowMs, skewMs } = moment;
  return [...state.members.values()]
    .filter((member) => (sessionEndMs(state, member, moment) ?? Infinity) + skewMs <= nowMs)
    .slice(0, groupRemovalsMax);
}

function withoutTheDead(state: ClassicState, moment: ClassicMoment): ClassicState {
  const { nowMs, skewMs } = moment;
  const pending = [...state.pending].filter(([, untilMs]) => untilMs + skewMs > nowMs);
  const awaited = pending.length === state.pending.size ? state : { ...state, pending: new Map(pending) };
  const dead = new Set(deadOf(awaited, moment).map(({ memberId }) => memberId));
  return dead.size === 0 ? awaited : without(awaited, dead, moment);
}

/** A member that does not ask for its assignment in time is dropped, even if it says that it lives. */
function withoutTheUnsynced(state: ClassicState, moment: ClassicMoment): ClassicState {
  const { phase, deadlineMs, members } = state;
  const isOver = deadlineMs > 0 && deadlineMs + moment.skewMs <= moment.nowMs;
  if (!isOver || (phase !== "CompletingRebalance" && phase !== "Stable")) return state;
  const unsynced = [...members.keys()].filter((memberId) => !hasSynced(state, memberId, moment));
  return unsynced.length === 0 ? state : without(state, new Set(unsynced.slice(0, groupRemovalsMax)), moment);
}

/** Without some members; if the group was at work, it begins a rebalance. */
export function without(state: ClassicState, gone: ReadonlySet<string>, moment: ClassicMoment): ClassicState {
  const members = new Map([...state.members].filter(([memberId]) => !gone.has(memberId)));
  const leader = gone.has(state.leader) ? ([...members.keys()][0] ?? "") : state.leader;
  const left = { ...state, members, leader };
  return left.phase === "Stable" || left.phase === "CompletingRebalance" ? prepare(left, undefined, moment) : left;
}

export function withMember(state: ClassicState, member: ClassicMember): ClassicState {
  return { ...state, members: new Map(state.members).set(member.memberId, member) };
}

/** Begins a rebalance, unless one has begun; the member that is given has joined it. */
export function prepare(state: ClassicState, joinedId: string | undefined, moment: ClassicMoment): ClassicState {
  const { nowMs } = moment;
  const begins = state.phase !== "PreparingRebalance";
  const members = new Map(
    [...state.members].map(([memberId, member]) => {
      const joined = memberId === joinedId || (!begins && member.joined);
      return [memberId, joined === member.joined ? member : { ...member, joined }];
    }),
  );
  if (!begins) return { ...state, members };
  const timeoutMs = rebalanceTimeoutMs(members.values());
  const prepared: ClassicState = { ...state, phase: "PreparingRebalance", members, deadlineMs: nowMs + timeoutMs };
  if (state.phase !== "Empty") return prepared;
  const leftMs = Math.max(0, timeoutMs - classicInitialDelayMs);
  return { ...prepared, deadlineMs: nowMs + classicInitialDelayMs, initial: { leftMs, hasNewcomers: false } };
}

function rebalanceTimeoutMs(members: Iterable<ClassicMember>): number {
  let longestMs = 0;
  for (const member of members) longestMs = Math.max(longestMs, member.rebalanceTimeoutMs);
  return longestMs;
}

/** Begins the generation, if all have joined who are to, or their time is over. */
export function finishJoining(state: ClassicState, moment: ClassicMoment): ClassicState {
  if (state.phase !== "PreparingRebalance") return state;
  const { nowMs } = moment;
  const { initial, deadlineMs, members, pending } = state;
  if (initial !== undefined) {
    if (nowMs < deadlineMs) return state;
    if (!initial.hasNewcomers || initial.leftMs === 0) return begin(state, nowMs);
    const delayMs = Math.min(classicInitialDelayMs, initial.leftMs);
    const left = { leftMs: initial.leftMs - delayMs, hasNewcomers: false };
    return { ...state, deadlineMs: nowMs + delayMs, initial: left };
  }
  const isComplete = pending.size === 0 && [...members.values()].every(({ joined }) => joined);
  return isComplete || nowMs >= deadlineMs ? begin(state, nowMs) : state;
}

/** The next generation, of those who have joined, and of static members who may still come. */
function begin(prepared: ClassicState, nowMs: number): ClassicState {
  const state: ClassicState = { ...prepared, initial: undefined };
  const kept = [...state.members.values()].filter(({ joined, instanceId }) => joined || instanceId !== undefined);
  const generation = state.generation + 1;
  if (kept.length === 0) {
    const nobody = { members: new Map(), leader: "", protocolName: "", deadlineMs: 0 };
    return { ...state, ...nobody, phase: "Empty", generation };
  }
  const deadlineMs = nowMs + rebalanceTimeoutMs(kept);
  const leader =
    kept.find(({ memberId, joined }) => joined && memberId === state.leader) ?? kept.find((one) => one.joined);
  const members = new Map(
    kept.map((member) => [member.memberId, { ...member, joined: false, assignment: noBytes }] as const),
  );
  // Nobody is there who could assign: the static ones have until their sessions are over.
  if (leader === undefined) return { ...state, members, deadlineMs };
  const begun: ClassicState = { ...state, phase: "CompletingRebalance", members, leader: leader.memberId };
  return { ...begun, generation, protocolName: selectProtocol(begun), aliveAtMs: nowMs, deadlineMs };
}

/** When the group has to be looked at next, ms; Infinity: never by itself. */
export function nextDueMs(state: ClassicState, moment: ClassicMoment): number {
  const { phase, deadlineMs, members, pending } = state;
  const { skewMs } = moment;
  let dueMs = Infinity;
  for (const untilMs of pending.values()) dueMs = Math.min(dueMs, untilMs + skewMs);
  for (const member of members.values()) {
    dueMs = Math.min(dueMs, (sessionEndMs(state, member, moment) ?? Infinity) + skewMs);
  }
  if (phase === "PreparingRebalance") return Math.min(dueMs, deadlineMs);
  if (phase === "CompletingRebalance") return Math.min(dueMs, deadlineMs + skewMs);
  return dueMs;
}
