/** What a consumer group is, in memory: who its members are, and who holds what (KIP-848). */

export type AssignorName = "uniform" | "range";

/** A topic that the group is subscribed to, or of which a member still holds partitions. */
export interface GroupTopic {
  readonly topicId: string;
  readonly name: string;
  readonly partitions: number;
  /** False: it is deleted, and stays until nobody holds any of it. */
  readonly live: boolean;
}

/** `<topicId>/<partition>`. */
export type PartitionKey = string;
export type PartitionSet = ReadonlySet<PartitionKey>;

export interface Member {
  readonly memberId: string;
  readonly instanceId?: string;
  readonly clientId?: string;
  /** Of a member that came through a gateway. */
  readonly clientHost?: string;
  /** The static member whose place it took; what comes from that one is fenced. */
  readonly replaced?: string;
  readonly assignor?: AssignorName | undefined;
  readonly topics: readonly string[];
  readonly topicPattern?: string | undefined;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** Rises whenever what it holds changes, but for what it is asked to give up: a commit under a lower one is refused. */
  readonly epoch: number;
  /** The one before, -1 if there was none: its last answer may have been lost. */
  readonly previousEpoch: number;
  /** A static member that went, and whose partitions wait for it. */
  readonly left: boolean;
  /** What it is to hold when the group is settled. */
  readonly target: PartitionSet;
  /** What it holds, and is told to. */
  readonly assigned: PartitionSet;
  /** What it holds still, and was told to give up. Never in `assigned`. */
  readonly revoking: PartitionSet;
  /** When it is fenced unless it has given that up; server's clock, ms. Set while `revoking` has any. */
  readonly revokeByMs?: number | undefined;
}

export interface GroupState {
  /** Rises with every change; each new epoch of a member is a fresh one. */
  readonly epoch: number;
  readonly assignor: AssignorName;
  /** By name. */
  readonly topics: readonly GroupTopic[];
  /** Names of live topics that each pattern of a member matches, sorted. */
  readonly matches: ReadonlyMap<string, readonly string[]>;
  readonly members: ReadonlyMap<string, Member>;
}

export const emptyGroup: GroupState = {
  epoch: 0,
  assignor: "uniform",
  topics: [],
  matches: new Map(),
  members: new Map(),
};

export function partitionKeyOf(topicId: string, partition: number): PartitionKey {
  return `${topicId}/${partition}`;
}

export function partsOf(key: PartitionKey): { readonly topicId: string; readonly partition: number } {
  const slash = key.lastIndexOf("/");
  return { topicId: key.slice(0, slash), partition: Number(key.slice(slash + 1)) };
}

/** Partitions of each topic by its id, ascending. */
export function byTopic(keys: Iterable<PartitionKey>): Map<string, number[]> {
  const topics = new Map<string, number[]>();
  for (const key of keys) {
    const { topicId, partition } = partsOf(key);
    const partitions = topics.get(topicId);
    if (partitions === undefined) topics.set(topicId, [partition]);
    else partitions.push(partition);
  }
  for (const partitions of topics.values()) partitions.sort((one, other) => one - other);
  return topics;
}

/** Names of the live topics that a member is subscribed to. */
export function subscribedNames(member: Pick<Member, "topics" | "topicPattern">, state: GroupState): Set<string> {
  const matched = member.topicPattern === undefined ? [] : (state.matches.get(member.topicPattern) ?? []);
  return new Set([...member.topics, ...matched]);
}

/**
 * Who holds what, also what is to be given up. Keyed by the topic's name: a topic that was deleted and created again is read
 * under the same name, so its partitions are not free before those of the old one are given up.
 */
export function holders(state: GroupState): ReadonlyMap<string, string> {
  const known = holdersOf.get(state);
  if (known !== undefined) return known;
  const names = new Map(state.topics.map(({ topicId, name }) => [topicId, name]));
  const held = new Map<string, string>();
  for (const { memberId, assigned, revoking } of state.members.values()) {
    for (const key of [...assigned, ...revoking]) {
      const place = placeOf(names, key);
      const other = held.get(place);
      // The invariant that groups stand on.
      if (other !== undefined) throw new Error(`${place} is held by ${other} and by ${memberId}`);
      held.set(place, memberId);
    }
  }
  holdersOf.set(state, held);
  return held;
}

/** States are never changed, so what was derived from one holds. */
const holdersOf = new WeakMap<GroupState, ReadonlyMap<string, string>>();

export function namesOf(state: GroupState): ReadonlyMap<string, string> {
  return new Map(state.topics.map(({ topicId, name }) => [topicId, name]));
}

/** What a partition is called in `holders`. */
export function placeOf(names: ReadonlyMap<string, string>, key: PartitionKey): string {
  const { topicId, partition } = partsOf(key);
  const name = names.get(topicId);
  if (name === undefined) throw new Error(`a member holds ${key}, whose topic the group does not know`);
  return `${name}/${partition}`;
}

export type SettlementState = "Empty" | "Reconciling" | "Stable";

export function settlementOf(state: GroupState): SettlementState {
  if (state.members.size === 0) return "Empty";
  return [...state.members.values()].every(isSettled) ? "Stable" : "Reconciling";
}

/** True if the member holds what it is to hold, and nothing else. */
export function isSettled({ assigned, revoking, target }: Member): boolean {
  if (revoking.size > 0 || assigned.size !== target.size) return false;
  for (const key of target) if (!assigned.has(key)) return false;
  return true;
}
