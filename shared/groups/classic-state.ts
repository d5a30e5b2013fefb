/**
 * What a group of Kafka's classic protocol is, in memory: its members take an assignment from their leader, one generation after
 * another (KIP-62, KIP-345).
 *
 *     Empty ──join──► PreparingRebalance ──all joined, or time over──► CompletingRebalance ──the leader's sync──► Stable
 *                          ▲  └──nobody is left──► Empty                    │                                      │
 *                          └────────── a member comes, goes, or wants another assignment ◄─────────────────────────┘
 */

export type ClassicPhase = "Empty" | "PreparingRebalance" | "CompletingRebalance" | "Stable";

/** An assignor that the member knows, and what it says to it; nobody here reads that. */
export interface ClassicProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

export interface ClassicMember {
  readonly memberId: string;
  readonly instanceId?: string;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** Those that it likes best first. */
  readonly protocols: readonly ClassicProtocol[];
  /** It has joined the rebalance that is prepared, and waits. */
  readonly joined: boolean;
  /** By the leader of the present generation; empty before. */
  readonly assignment: Uint8Array;
}

export interface ClassicState {
  readonly phase: ClassicPhase;
  /** 0: there was none yet. */
  readonly generation: number;
  /** What kind of members it has, such as `consumer`; empty before the first. */
  readonly protocolType: string;
  /** The assignor of the generation; empty where there is none. */
  readonly protocolName: string;
  /** The member that assigns; empty in an empty group. */
  readonly leader: string;
  readonly members: ReadonlyMap<string, ClassicMember>;
  /** Ids that clients were given to join with, until when they may; server's clock, ms. */
  readonly pending: ReadonlyMap<string, number>;
  /** When all members were known to live, whatever their leases say: the generation began, or its assignment came. Ms. */
  readonly aliveAtMs: number;
  /** Until when members may join the rebalance; then, until when they must have synced. Ms; 0 where neither is awaited. */
  readonly deadlineMs: number;
  /** The first rebalance of an empty group waits for those who start at the same time. */
  readonly initial?:
    | {
        /** How much longer it may become. */
        readonly leftMs: number;
        /** Somebody has come since it was prolonged last. */
        readonly hasNewcomers: boolean;
      }
    | undefined;
}

export const emptyClassic: ClassicState = {
  phase: "Empty",
  generation: 0,
  protocolType: "",
  protocolName: "",
  leader: "",
  members: new Map(),
  pending: new Map(),
  aliveAtMs: 0,
  deadlineMs: 0,
};

export const noBytes = new Uint8Array(0);

/** What time it is, and what stands beside the state because members write it one by one. */
export interface ClassicMoment {
  /** Server's clock, ms. */
  readonly nowMs: number;
  /** What the clocks of two servers may differ by. */
  readonly skewMs: number;
  /** Until when each member's session is; by member id. */
  readonly leases: ReadonlyMap<string, number>;
  /** The last generation whose assignment each has asked for; by member id. */
  readonly synced: ReadonlyMap<string, number>;
}

/** The member of an instance id, if the group has one. */
export function memberOfInstance(state: ClassicState, instanceId: string): ClassicMember | undefined {
  return [...state.members.values()].find((member) => member.instanceId === instanceId);
}

/** True if the group can take a member of this kind: all members know at least one protocol of it. */
export function supports(state: ClassicState, protocolType: string, protocols: readonly ClassicProtocol[]): boolean {
  if (protocolType === "" || protocols.length === 0) return false;
  if (state.members.size === 0) return true;
  const candidates = candidatesOf(state);
  return state.protocolType === protocolType && protocols.some(({ name }) => candidates.has(name));
}

/** The protocol that most members like best, of those that all know; where they are even, the one that was voted for first. */
export function selectProtocol(state: ClassicState): string {
  const candidates = candidatesOf(state);
  const votes = new Map<string, number>();
  for (const { protocols } of state.members.values()) {
    const vote = protocols.find(({ name }) => candidates.has(name));
    if (vote !== undefined) votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1);
  }
  let [selected, most] = ["", 0];
  for (const [name, count] of votes) if (count > most) [selected, most] = [name, count];
  return selected;
}

function candidatesOf({ members }: ClassicState): ReadonlySet<string> {
  let candidates: Set<string> | undefined;
  for (const { protocols } of members.values()) {
    const names = new Set(protocols.map(({ name }) => name));
    candidates = candidates === undefined ? names : new Set([...candidates].filter((name) => names.has(name)));
  }
  return candidates ?? new Set();
}

/** True if the member says what it said before, in the same order. */
export function sameProtocols(some: readonly ClassicProtocol[], others: readonly ClassicProtocol[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ name, metadata }, index) => {
      const other = others[index];
      return other !== undefined && other.name === name && sameBytes(metadata, other.metadata);
    })
  );
}

function sameBytes(some: Uint8Array, others: Uint8Array): boolean {
  return some.length === others.length && some.every((byte, index) => byte === others[index]);
}

/** What the member says under the group's protocol; empty if it does not know it. */
export function metadataOf({ protocols }: ClassicMember, protocolName: string): Uint8Array {
  return protocols.find(({ name }) => name === protocolName)?.metadata ?? noBytes;
}

/** True if the member has asked for the present generation's assignment. */
export function hasSynced({ generation }: ClassicState, memberId: string, { synced }: ClassicMoment): boolean {
  return synced.get(memberId) === generation;
}

/** Until when the member's session is; undefined: it waits for the others, and lives as long as it does. */
export function sessionEndMs(state: ClassicState, member: ClassicMember, moment: ClassicMoment): number | undefined {
  const { phase, aliveAtMs } = state;
  if (phase === "PreparingRebalance" && member.joined) return undefined;
  if (phase === "CompletingRebalance" && hasSynced(state, member.memberId, moment)) return undefined;
  return Math.max(moment.leases.get(member.memberId) ?? 0, aliveAtMs + member.sessionTimeoutMs);
}
