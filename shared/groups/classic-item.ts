/** A classic group in the group's item: see `group-item.ts`. */
import { groupRemovalsMax, groupTidyMax } from "../limits/groups.ts";
import type { Attributes, Condition } from "../storage/item-store.ts";
import { deadOf } from "./advance-classic.ts";
import type { ClassicMoment, ClassicState } from "./classic-state.ts";
import { encodeClassic } from "./encode-classic.ts";
import {
  classicType,
  commitClockName,
  consumerKind,
  isConsumerGroup,
  leaseName,
  leasesOf,
  numberOf,
  outdatedMarks,
  startingWith,
  type StateChange,
  syncName,
} from "./group-item.ts";

export function classicMomentOf(attributes: Attributes, nowMs: number, skewMs: number): ClassicMoment {
  const synced = new Map(startingWith(attributes, "y:").map(([memberId, value]) => [memberId, numberOf(value)]));
  return { nowMs, skewMs, leases: leasesOf(attributes), synced };
}

export interface ClassicBefore {
  readonly state: ClassicState;
  /** 0: there is none. */
  readonly revision: number;
  readonly attributes: Attributes;
}

/** The update that makes one state of another, if nothing has come between them. */
export function classicChange(
  { state, revision, attributes }: ClassicBefore,
  after: ClassicState,
  attempt: string,
  moment: ClassicMoment,
): StateChange {
  const { members } = after;
  const gone = [...state.members.keys()].filter((memberId) => !members.has(memberId));
  // Also what is left of those of whom there were too many for one update, and of members by KIP-848.
  const strangers = ["l:", "y:", "e:"].flatMap((prefix) =>
    startingWith(attributes, prefix).flatMap(([memberId]) => (members.has(memberId) ? [] : [memberId])),
  );
  const removed = [...new Set([...gone, ...strangers])].slice(0, 2 * groupRemovalsMax);
  const personal = removed.flatMap((memberId) => [
    leaseName(memberId),
    syncName(memberId),
    commitClockName(memberId),
    `e:${memberId}`,
  ]);
  const there = personal.filter((name) => attributes[name] !== undefined);
  const dead = deadOf(state, moment).filter(({ memberId }) => !members.has(memberId));
  return {
    set: {
      kind: consumerKind,
      type: classicType,
      revision: revision + 1,
      attempt,
      state: encodeClassic(after),
      members: members.size,
      generation: after.generation,
      completing: after.phase === "CompletingRebalance" ? 1 : 0,
    },
    // Nobody here knows what its members read, so their offsets stay as long as the group.
    remove: [...there, ...outdatedMarks(attributes, moment.nowMs).slice(0, groupTidyMax)],
    conditions: [
      isConsumerGroup,
      { kind: "attribute", name: "revision", op: "=", value: revision, orAbsent: revision === 0 },
      // Their sessions were not extended since they were seen to be over.
      ...dead.map(({ memberId }): Condition => {
        const value = moment.nowMs - moment.skewMs;
        return { kind: "attribute", name: leaseName(memberId), op: "<=", value, orAbsent: true };
      }),
    ],
  };
}
