/**
 * What a share group knows of one partition (KIP-932): where everything is dealt with, and how each record stands that was
 * begun. Ranges cover `startOffset` to `endOffset` without a hole; neighbours differ.
 *
 *     0 ─── all dealt with ─── startOffset ─── ranges ─── endOffset ─── never acquired ───►
 */

export type RecordStanding =
  /** To be delivered again. */
  | "available"
  | "acquired"
  /** Dead: on its way to the dead-letter topic, because a worker said so, or because it was delivered too often. */
  | "rejected"
  | "exhausted"
  | "done"
  /** There is no record: a control record, one of an aborted transaction, or one that was compacted away. */
  | "gap";

export interface Standing {
  readonly state: RecordStanding;
  /** Of a record that is not done: at least 1. */
  readonly deliveryCount: number;
  /** Of an acquired record, else "". */
  readonly memberId: string;
  /** Of an acquired record: until when it is held; of a dead one: until when it is left to who delivers it. Else 0. */
  readonly lockUntilMs: number;
}

export interface ShareRange extends Standing {
  readonly first: number;
  /** Inclusive. */
  readonly last: number;
}

export interface ShareState {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly ranges: readonly ShareRange[];
}

export const doneStanding: Standing = { state: "done", deliveryCount: 0, memberId: "", lockUntilMs: 0 };
export const gapStanding: Standing = { ...doneStanding, state: "gap" };

export function availableStanding(deliveryCount: number): Standing {
  return { state: "available", deliveryCount, memberId: "", lockUntilMs: 0 };
}

export function deadStanding(state: "rejected" | "exhausted", deliveryCount: number, lockUntilMs = 0): Standing {
  return { state, deliveryCount, memberId: "", lockUntilMs };
}

/** A partition of which the group has begun nothing yet. */
export function newShareState(startOffset: number): ShareState {
  return { startOffset, endOffset: startOffset, ranges: [] };
}

export function isDead({ state }: Standing): boolean {
  return state === "rejected" || state === "exhausted";
}

/** True for what the group need not look at again. */
export function isSettled({ state }: Standing): boolean {
  return state === "done" || state === "gap";
}

/** Records in a range. */
export function lengthOf({ first, last }: { readonly first: number; readonly last: number }): number {
  return last - first + 1;
}

/** Records that were begun and are not dealt with. */
export function inFlight(state: ShareState): number {
  return countOf(state, (range) => !isSettled(range));
}

export function countOf({ ranges }: ShareState, matches: (range: ShareRange) => boolean): number {
  return ranges.reduce((sum, range) => (matches(range) ? sum + lengthOf(range) : sum), 0);
}

/** The ranges that touch `first` to `last`, whole. */
export function rangesWithin({ ranges }: ShareState, first: number, last: number): readonly ShareRange[] {
  return ranges.slice(indexAt(ranges, first), indexAt(ranges, last + 1) + 1).filter((range) => range.first <= last);
}

/**
 * The state with another standing for the records from `first` to `last`, which lie between its start and its end.
 * `startOffset` moves over what is dealt with.
 */
export function changeRange(
  state: ShareState,
  first: number,
  last: number,
  change: (range: ShareRange) => Standing,
): ShareState {
  const { ranges } = state;
  const from = indexAt(ranges, first);
  const to = indexAt(ranges, last);
  const changed: ShareRange[] = [];
  for (const range of ranges.slice(from, to + 1)) {
    if (range.first < first) changed.push({ ...range, last: first - 1 });
    const inside = { ...range, first: Math.max(range.first, first), last: Math.min(range.last, last) };
    changed.push({ ...change(inside), first: inside.first, last: inside.last });
    if (range.last > last) changed.push({ ...range, first: last + 1 });
  }
  // Only what touches the change can become like its neighbour.
  const keptUntil = Math.max(0, from - 1);
  const touched = [...ranges.slice(keptUntil, from), ...changed, ...ranges.slice(to + 1, to + 2)];
  return moveStart({ ...state, ranges: [...ranges.slice(0, keptUntil), ...joined(touched), ...ranges.slice(to + 2)] });
}

/** The state with records behind its end that stand like this now. */
export function extend(state: ShareState, last: number, standing: Standing): ShareState {
  if (last < state.endOffset) return state;
  const added = { ...standing, first: state.endOffset, last };
  const ranges = [...state.ranges.slice(0, -2), ...joined([...state.ranges.slice(-2), added])];
  return moveStart({ ...state, endOffset: last + 1, ranges });
}

/** The state of a log that begins at `logStartOffset`: what was before it is gone, and so dealt with. */
export function startAt(state: ShareState, logStartOffset: number): ShareState {
  if (logStartOffset <= state.startOffset) return state;
  if (logStartOffset >= state.endOffset) return newShareState(logStartOffset);
  const ranges = state.ranges
    .filter(({ last }) => last >= logStartOffset)
    .map((range) => ({ ...range, first: Math.max(range.first, logStartOffset) }));
  return moveStart({ ...state, startOffset: logStartOffset, ranges });
}

function moveStart(state: ShareState): ShareState {
  const begin = state.ranges.findIndex((range) => !isSettled(range));
  if (begin === 0) return state;
  const ranges = begin === -1 ? [] : state.ranges.slice(begin);
  return { ...state, startOffset: ranges[0]?.first ?? state.endOffset, ranges };
}

/** Neighbours that are alike as one. A gap beside what is done is as good as done. */
function joined(ranges: readonly ShareRange[]): ShareRange[] {
  const result: ShareRange[] = [];
  for (const range of ranges) {
    const before = result.at(-1);
    const together = before === undefined ? undefined : standingOfBoth(before, range);
    if (before === undefined || together === undefined) result.push(range);
    else result[result.length - 1] = { ...together, first: before.first, last: range.last };
  }
  return result;
}

function standingOfBoth(one: ShareRange, other: ShareRange): Standing | undefined {
  if (isSettled(one) && isSettled(other)) {
    return one.state === "gap" && other.state === "gap" ? gapStanding : doneStanding;
  }
  const { state, deliveryCount, memberId, lockUntilMs } = one;
  const alike =
    state === other.state &&
    deliveryCount === other.deliveryCount &&
    memberId === other.memberId &&
    lockUntilMs === other.lockUntilMs;
  return alike ? { state, deliveryCount, memberId, lockUntilMs } : undefined;
}

/** Index of the range that holds the offset, or of the first behind it. */
function indexAt(ranges: readonly ShareRange[], offset: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.last ?? offset) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
