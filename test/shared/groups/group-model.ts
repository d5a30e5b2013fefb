/** A group with members of its own mind, and a check of what must hold after each thing that happens. */
import { decodeGroup, encodeGroup } from "../../../shared/groups/encode-group.ts";
import {
  expire,
  type GroupDecision,
  heartbeat,
  join,
  leave,
  type MemberWish,
  type Moment,
} from "../../../shared/groups/decide-group.ts";
import { emptyGroup, type GroupState, isSettled, type PartitionSet } from "../../../shared/groups/group-state.ts";
import type { TopicView } from "../../../shared/groups/retarget.ts";

export const sessionTimeoutMs = 10_000;
export const rebalanceTimeoutMs = 20_000;
const skewMs = 250;

export function wishOf(memberId: string, wish: Partial<MemberWish> = {}): MemberWish {
  return { memberId, topics: ["a"], sessionTimeoutMs, rebalanceTimeoutMs, ...wish };
}

export function viewOf(topics: Readonly<Record<string, number>>, matches: TopicView["matches"] = new Map()): TopicView {
  return {
    topics: Object.entries(topics).map(([name, partitions]) => ({ topicId: `id-${name}`, name, partitions })),
    matches,
  };
}

/** What a member was told last. */
export interface Told {
  epoch: number;
  owned: PartitionSet;
}

export class GroupModel {
  state: GroupState = emptyGroup;
  nowMs = 1_000_000;
  view: TopicView;
  readonly leases = new Map<string, number>();
  readonly told = new Map<string, Told>();
  /** What the members were given over all, and by whom it was held before. */
  readonly #owners = new Map<string, string>();

  constructor(view: TopicView) {
    this.view = view;
  }

  get moment(): Moment {
    return { nowMs: this.nowMs, skewMs, leases: this.leases };
  }

  join(wish: MemberWish): string {
    const code = this.#take(join(this.state, wish, this.view, this.moment));
    if (code === "ok") this.#tell(wish.memberId);
    return code;
  }

  /** @param said what the member says, instead of the truth */
  beat(memberId: string, said: { readonly epoch?: number; readonly owned?: PartitionSet | undefined } = {}): string {
    const told = this.told.get(memberId);
    const memberEpoch = said.epoch ?? told?.epoch ?? 0;
    const owned = "owned" in said ? said.owned : told?.owned;
    const heard = { memberId, memberEpoch, ...(owned === undefined ? {} : { owned }) };
    const code = this.#take(heartbeat(this.state, heard, this.view, this.moment));
    if (code === "ok") this.#tell(memberId);
    return code;
  }

  /** As `beat`, but the member does not hear of it. */
  beatUnheard(memberId: string): string {
    const told = this.told.get(memberId);
    const code = this.beat(memberId);
    if (told !== undefined) this.told.set(memberId, told);
    return code;
  }

  leave(memberId: string, forever = false): void {
    this.#take(leave(this.state, memberId, forever, this.moment));
    this.told.delete(memberId);
  }

  expire(): void {
    this.#take({ kind: "decided", state: expire(this.state, this.moment) });
  }

  assigned(memberId: string): string[] {
    return [...(this.state.members.get(memberId)?.assigned ?? [])].toSorted();
  }

  /** Rounds of heartbeats until nothing changes. */
  settle(): number {
    for (let round = 1; round < 50; round += 1) {
      const before = this.state;
      for (const [memberId, member] of this.state.members) if (!member.left) this.beat(memberId);
      if (this.state === before && [...before.members.values()].every((member) => member.left || isSettled(member))) {
        return round;
      }
    }
    throw new Error("the group does not settle");
  }

  #take(decision: GroupDecision): string {
    if (decision.kind === "refused") return decision.code;
    const before = this.state;
    this.state = decision.state;
    for (const memberId of this.leases.keys()) if (!this.state.members.has(memberId)) this.leases.delete(memberId);
    this.#check(before);
    return "ok";
  }

  #tell(memberId: string): void {
    const member = this.state.members.get(memberId);
    if (member === undefined) throw new Error(`${memberId} was answered, and is not there`);
    this.leases.set(memberId, this.nowMs + member.sessionTimeoutMs);
    this.told.set(memberId, { epoch: member.epoch, owned: member.assigned });
  }

  #check(before: GroupState): void {
    const held = new Map<string, string>();
    for (const { memberId, assigned, revoking, epoch } of this.state.members.values()) {
      for (const key of [...assigned, ...revoking]) {
        const other = held.get(key);
        if (other !== undefined) throw new Error(`${key} is held by ${other} and ${memberId}`);
        held.set(key, memberId);
      }
      const past = before.members.get(memberId);
      if (past !== undefined && epoch < past.epoch) throw new Error(`${memberId} went back to epoch ${epoch}`);
      const isGiven = [...assigned].some((key) => past?.assigned.has(key) !== true);
      if (past !== undefined && isGiven && epoch === past.epoch)
        throw new Error(`${memberId} was given more at its epoch`);
    }
    for (const [key, memberId] of held) {
      const past = this.#owners.get(key);
      const isThere = past !== undefined && past !== memberId ? this.state.members.get(past) : undefined;
      const pastBefore = past === undefined ? undefined : before.members.get(past);
      // Whoever had it is gone, or has given it up; nobody is asked who has gone and may come back.
      const moved = isThere !== undefined && pastBefore?.left !== true;
      if (moved && pastBefore?.assigned.has(key) === true) throw new Error(`${key} was taken from ${past} unasked`);
    }
    this.#owners.clear();
    for (const [key, memberId] of held) this.#owners.set(key, memberId);
    if (this.state.epoch < before.epoch) throw new Error("the group's epoch went back");
    const text = encodeGroup(this.state);
    if (encodeGroup(decodeGroup(text)) !== text) throw new Error("the state does not survive its encoding");
  }
}
