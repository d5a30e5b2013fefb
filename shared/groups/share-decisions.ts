/**
 * What may be done to the records of a share partition: pure. Locks that are over are not ended by anyone at their time, but
 * by whoever looks next.
 *
 *     (new) ──acquire──► acquired ──accept──► done
 *                         │  ▲ └──reject───► rejected ──┐
 *       release, or lock  │  │ acquire                  ├─ in the dead-letter topic ──► done
 *       over              ▼  │                          │
 *                        available                      │
 *                         └── delivered too often ──► exhausted
 */
import {
  shareDeadLetterClaimMs,
  shareInFlightRecordsMax,
  shareMemberNamesBytesMax,
  shareSkewMs,
} from "../limits/share-groups.ts";
import {
  availableStanding,
  changeRange,
  deadStanding,
  doneStanding,
  extend,
  gapStanding,
  inFlight,
  isDead,
  rangesWithin,
  type ShareRange,
  type ShareState,
  type Standing,
} from "./share-state.ts";

const utf8BytesPerChar = 3;

export interface ShareRules {
  readonly deliveriesMax: number;
  /** Whether there is a dead-letter topic: without one, what is dead is done. */
  readonly keepsDead: boolean;
}

/** True when a lock may be given to another; later by what the clocks of two servers may differ by. */
export function isLockOver({ lockUntilMs }: Standing, nowMs: number): boolean {
  return lockUntilMs + shareSkewMs <= nowMs;
}

/** The state as it is by now. */
export function settle(state: ShareState, nowMs: number, rules: ShareRules): ShareState {
  let settled = state;
  for (const range of state.ranges) {
    const standing = settledStanding(range, nowMs, rules);
    if (standing !== range) settled = changeRange(settled, range.first, range.last, () => standing);
  }
  return settled;
}

function settledStanding(range: ShareRange, nowMs: number, rules: ShareRules): Standing {
  const { state, deliveryCount } = range;
  switch (state) {
    case "acquired":
      return isLockOver(range, nowMs) ? released(deliveryCount, rules) : range;
    case "available":
      // The limit may have been lowered.
      return deliveryCount < rules.deliveriesMax ? range : released(deliveryCount, rules);
    case "rejected":
    case "exhausted":
      return rules.keepsDead ? range : doneStanding;
    case "done":
    case "gap":
      return range;
  }
}

function released(deliveryCount: number, rules: ShareRules): Standing {
  if (deliveryCount < rules.deliveriesMax) return availableStanding(deliveryCount);
  return rules.keepsDead ? deadStanding("exhausted", deliveryCount) : doneStanding;
}

// ---- Acquire ----

/** What a fetch has told: which of the offsets from `first` to before `next` hold a record. */
export interface FetchedWindow {
  readonly first: number;
  readonly next: number;
  /** Ascending. */
  readonly offsets: readonly number[];
}

export interface AcquiredOffset {
  readonly offset: number;
  /** 1 the first time. */
  readonly deliveryCount: number;
}

/** Offsets that a worker could be given: those that wait to be delivered again, else those behind the end. */
export interface Wanted {
  readonly first: number;
  /** Inclusive; absent: as far as there are records. */
  readonly last?: number;
}

/** The first offsets from `from` on that may be acquired; undefined if too many are in flight. */
export function findWanted(state: ShareState, from: number): Wanted | undefined {
  const again = state.ranges.find((range) => range.state === "available" && range.last >= from);
  if (again !== undefined) return { first: Math.max(again.first, from), last: again.last };
  if (inFlight(state) >= shareInFlightRecordsMax) return undefined;
  return { first: Math.max(state.endOffset, from) };
}

export interface Acquisition {
  readonly memberId: string;
  readonly lockUntilMs: number;
  readonly recordsMax: number;
}

/** Gives the worker the records of the windows that nobody holds, as they come; what holds no record becomes a gap. */
export function acquire(
  state: ShareState,
  windows: readonly FetchedWindow[],
  { memberId, lockUntilMs, recordsMax }: Acquisition,
): { readonly state: ShareState; readonly acquired: readonly AcquiredOffset[] } {
  if (!hasRoomFor(state, memberId)) return { state, acquired: [] };
  const acquired: AcquiredOffset[] = [];
  let next = state;
  const held = (deliveryCount: number): Standing => ({ state: "acquired", deliveryCount, memberId, lockUntilMs });
  for (const window of windows) {
    for (const range of rangesWithin(next, window.first, window.next - 1)) {
      if (range.state !== "available") continue;
      const first = Math.max(range.first, window.first);
      const last = Math.min(range.last, window.next - 1);
      const deliveryCount = range.deliveryCount + 1;
      for (const run of runsOf(window.offsets, first, last, recordsMax - acquired.length)) {
        next = changeRange(next, run.first, run.last, () => (run.holds ? held(deliveryCount) : gapStanding));
        if (run.holds) acquired.push(...offsetsOf(run).map((offset) => ({ offset, deliveryCount })));
      }
    }
    if (window.first > next.endOffset || window.next <= next.endOffset) continue;
    const room = Math.min(recordsMax - acquired.length, shareInFlightRecordsMax - inFlight(next));
    for (const run of runsOf(window.offsets, next.endOffset, window.next - 1, room)) {
      next = extend(next, run.last, run.holds ? held(1) : gapStanding);
      if (run.holds) acquired.push(...offsetsOf(run).map((offset) => ({ offset, deliveryCount: 1 })));
    }
  }
  return { state: next, acquired };
}

/** False while the names of all who hold records would make the state too large. */
function hasRoomFor({ ranges }: ShareState, memberId: string): boolean {
  const names = new Set(ranges.map((range) => range.memberId)).add(memberId);
  const chars = [...names].reduce((sum, name) => sum + name.length, 0);
  return chars * utf8BytesPerChar <= shareMemberNamesBytesMax;
}

interface Run {
  readonly first: number;
  readonly last: number;
  readonly holds: boolean;
}

/** Neighbouring offsets that hold a record, or do not, until so many records are taken. */
function runsOf(offsets: readonly number[], first: number, last: number, recordsMax: number): readonly Run[] {
  const runs: Run[] = [];
  let next = first;
  let left = recordsMax;
  for (const offset of offsets) {
    if (offset < first) continue;
    if (offset > last || left <= 0) break;
    const before = runs.at(-1);
    if (offset > next) runs.push({ first: next, last: offset - 1, holds: false });
    if (offset === next && before?.holds === true) runs[runs.length - 1] = { ...before, last: offset };
    else runs.push({ first: offset, last: offset, holds: true });
    next = offset + 1;
    left -= 1;
  }
  if (left > 0 && next <= last) runs.push({ first: next, last, holds: false });
  return runs;
}

function offsetsOf({ first, last }: { readonly first: number; readonly last: number }): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

// ---- Acknowledge ----

export interface RangeAcknowledgement {
  readonly firstOffset: number;
  /** Inclusive. */
  readonly lastOffset: number;
  readonly type: "accept" | "release" | "reject" | "renew";
}

/**
 * Applies each acknowledgement whose records are all held by the worker, and nothing of the others. A lock that is over and
 * was given to nobody else still counts.
 */
export function acknowledge(
  state: ShareState,
  memberId: string,
  acknowledgements: readonly RangeAcknowledgement[],
  terms: { readonly lockUntilMs: number; readonly rules: ShareRules },
): { readonly state: ShareState; readonly applied: readonly boolean[] } {
  let next = state;
  const applied = acknowledgements.map(({ firstOffset, lastOffset, type }) => {
    if (!holds(next, memberId, firstOffset, lastOffset)) return false;
    next = changeRange(next, firstOffset, lastOffset, (range) =>
      range.state === "gap" ? range : acknowledged(range, type, terms),
    );
    return true;
  });
  return { state: next, applied };
}

function holds(state: ShareState, memberId: string, first: number, last: number): boolean {
  if (first < state.startOffset || last >= state.endOffset || first > last) return false;
  const ranges = rangesWithin(state, first, last);
  const isOwn = (range: ShareRange | undefined): boolean => range?.state === "acquired" && range.memberId === memberId;
  // A worker is not told of offsets without a record, so they may lie between those that it was given.
  return isOwn(ranges[0]) && isOwn(ranges.at(-1)) && ranges.every((range) => isOwn(range) || range.state === "gap");
}

function acknowledged(
  range: ShareRange,
  type: RangeAcknowledgement["type"],
  { lockUntilMs, rules }: { readonly lockUntilMs: number; readonly rules: ShareRules },
): Standing {
  switch (type) {
    case "accept":
      return doneStanding;
    case "release":
      return released(range.deliveryCount, rules);
    case "reject":
      return rules.keepsDead ? deadStanding("rejected", range.deliveryCount) : doneStanding;
    case "renew":
      return { ...range, lockUntilMs };
  }
}

// ---- Dead letters ----

export interface DeadRecord {
  readonly offset: number;
  readonly deliveryCount: number;
  readonly cause: "rejected" | "exhausted";
}

/** Takes it upon us to deliver dead records that nobody is at, so that few deliver the same one. */
export function claimDead(
  state: ShareState,
  nowMs: number,
  recordsMax: number,
): { readonly state: ShareState; readonly claimed: readonly DeadRecord[] } {
  const claimed: DeadRecord[] = [];
  let next = state;
  for (const range of state.ranges) {
    const left = recordsMax - claimed.length;
    if (left === 0) break;
    const { state: cause, deliveryCount } = range;
    if ((cause !== "rejected" && cause !== "exhausted") || !isLockOver(range, nowMs)) continue;
    const last = Math.min(range.last, range.first + left - 1);
    const untilMs = nowMs + shareDeadLetterClaimMs;
    next = changeRange(next, range.first, last, () => deadStanding(cause, deliveryCount, untilMs));
    claimed.push(...offsetsOf({ first: range.first, last }).map((offset) => ({ offset, deliveryCount, cause })));
  }
  return { state: next, claimed };
}

/** After they stand in the dead-letter topic. */
export function finishDead(state: ShareState, offsets: readonly number[]): ShareState {
  let next = state;
  for (const offset of offsets) {
    if (rangesWithin(next, offset, offset).some(isDead)) next = changeRange(next, offset, offset, () => doneStanding);
  }
  return next;
}

// ---- Looking ----

/** When the next lock is over, by the server's clock; undefined if none is held. */
export function nextLockOverMs({ ranges }: ShareState): number | undefined {
  const untils = ranges.flatMap((range) => (range.state === "acquired" ? [range.lockUntilMs + shareSkewMs] : []));
  return untils.length === 0 ? undefined : untils.reduce((least, untilMs) => Math.min(least, untilMs));
}
