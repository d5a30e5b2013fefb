/**
 * A consumer group is one item, so that a commit or a heartbeat is one conditional update of it:
 *
 *     kind           "consumer"; share groups have the same keys
 *     revision       one more with each change of the state
 *     attempt        random: whose change that was
 *     type           "classic" in a group of Kafka's classic protocol; else it is one of KIP-848. Only an empty group changes it
 *     state          see `encode-group.ts`; of a classic group, bytes: see `encode-classic.ts`
 *     members        how many there are
 *     touchedAtMs    the last update of any kind
 *     e:<member>     its epoch: what a commit must name. A classic group has one for all: `generation`
 *     completing     1 while a classic group has no assignment for its generation yet: nothing is committed then
 *     l:<member>     when its session is over, server's clock. There as long as it is a member
 *     y:<member>     the last generation of which a classic member has asked for its assignment
 *     c:<member>     when it committed last; `c:` for commits without a member. What arrives later than that but was sent
 *                    before is refused, so that no offset goes back
 *     o: x: d:       offsets, staged offsets, decided transactions: see `committed-offset.ts`
 *     n:<topicId>    the name of a topic that has offsets
 */
import { decisionKeptMs, groupTidyMax, offsetsRetentionMs } from "../limits/groups.ts";
import type { AttributeValue, Attributes, Condition } from "../storage/item-store.ts";
import { type CommittedValue, decodeCommitted, decodeDecided, decodeStaged, type Staged } from "./committed-offset.ts";
import { isOver, type Moment } from "./decide-group.ts";
import { encodeGroup } from "./encode-group.ts";
import { type GroupState, partitionKeyOf, partsOf } from "./group-state.ts";

export const consumerKind = "consumer";

/** The kind of members that read topics, as classic groups call it. */
export const consumerProtocolType = "consumer";

/** Of the attribute `type`. */
export const classicType = "classic";

export const epochName = (memberId: string): string => `e:${memberId}`;
export const leaseName = (memberId: string): string => `l:${memberId}`;
export const syncName = (memberId: string): string => `y:${memberId}`;
/** @param memberId absent for commits without one */
export const commitClockName = (memberId = ""): string => `c:${memberId}`;
export const offsetName = (topicId: string, partition: number): string => `o:${partitionKeyOf(topicId, partition)}`;
export const topicNameName = (topicId: string): string => `n:${topicId}`;
export const stagedName = (producerId: bigint): string => `x:${producerId}`;
export const isStagedName = (name: string): boolean => name.startsWith("x:");
export const decidedName = (producerId: bigint): string => `d:${producerId}`;

/** No group of another kind has that id. */
export const isConsumerGroup: Condition = {
  kind: "attribute",
  name: "kind",
  op: "=",
  value: consumerKind,
  orAbsent: true,
};
export const hasNoMembers: Condition = { kind: "attribute", name: "members", op: "=", value: 0, orAbsent: true };

/** What must hold for a member of a generation, whatever it writes. */
export function isClassicMember(memberId: string, generation: number): readonly Condition[] {
  return [
    isConsumerGroup,
    { kind: "attribute", name: "type", op: "=", value: classicType },
    { kind: "attribute", name: "generation", op: "=", value: generation },
    { kind: "attribute", name: leaseName(memberId), op: ">", value: 0 },
  ];
}

/** What must hold as well for a commit by a member: there is an assignment. */
export const isAssigned: Condition = { kind: "attribute", name: "completing", op: "=", value: 0, orAbsent: true };

/** Attributes whose name starts with the prefix, without it. */
export function startingWith(attributes: Attributes, prefix: string): (readonly [string, AttributeValue])[] {
  const found: (readonly [string, AttributeValue])[] = [];
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith(prefix)) found.push([name.slice(prefix.length), value]);
  }
  return found;
}

export function leasesOf(attributes: Attributes): Map<string, number> {
  return new Map(startingWith(attributes, "l:").map(([memberId, value]) => [memberId, numberOf(value)]));
}

export function numberOf(value: AttributeValue | undefined): number {
  return typeof value === "number" ? value : 0;
}

export interface StoredOffset extends CommittedValue {
  readonly topicId: string;
  /** What it was called when that was committed. */
  readonly topic: string;
  readonly partition: number;
}

/** @throws StorageCorruptError */
export function offsetsOf(attributes: Attributes): StoredOffset[] {
  return startingWith(attributes, "o:").map(([key, value]) => {
    const { topicId, partition } = partsOf(key);
    const topic = attributes[topicNameName(topicId)];
    return { ...decodeCommitted(value), topicId, topic: typeof topic === "string" ? topic : "", partition };
  });
}

/** @throws StorageCorruptError */
export function stagedOf(attributes: Attributes): Staged[] {
  return startingWith(attributes, "x:").map(([, value]) => decodeStaged(value));
}

export function hasStaged(attributes: Attributes): boolean {
  return startingWith(attributes, "x:").length > 0;
}

/** True for a group of Kafka's classic protocol, also when it is empty. */
export function isClassic(attributes: Attributes): boolean {
  return attributes["type"] === classicType;
}

/** False for an item that only remembers decided transactions: nobody sees it. */
export function isGroup(attributes: Attributes): boolean {
  return Object.keys(attributes).some((name) => name === "revision" || name.startsWith("o:") || name.startsWith("x:"));
}

/** True for a group without members whose offsets nobody touched for as long as they are kept. */
export function isForgotten(attributes: Attributes, nowMs: number): boolean {
  const isOld = numberOf(attributes["touchedAtMs"]) + offsetsRetentionMs <= nowMs;
  return isOld && numberOf(attributes["members"]) === 0 && !hasStaged(attributes);
}

/** What DynamoDB reckons for the attributes, about. */
export function bytesOf(attributes: Attributes): number {
  let bytes = 100;
  for (const [name, value] of Object.entries(attributes)) bytes += attributeBytes(name, value);
  return bytes;
}

function attributeBytes(name: string, value: AttributeValue): number {
  const bytes = value instanceof Uint8Array ? value.length : typeof value === "string" ? textBytes(value) : 10;
  return textBytes(name) + 2 + bytes;
}

/** Three for each character of a text that is not all ASCII: UTF-8 never takes more. */
function textBytes(text: string): number {
  return /[^ -~]/.test(text) ? text.length * 3 : text.length;
}

export interface StateChange {
  readonly set: Attributes;
  readonly remove: readonly string[];
  readonly conditions: readonly Condition[];
}

export interface Before {
  readonly state: GroupState;
  /** 0: there is none. */
  readonly revision: number;
  readonly attributes: Attributes;
}

/** The update that makes one state of another, if nothing has come between them. */
export function stateChange(before: Before, after: GroupState, attempt: string, moment: Moment): StateChange {
  const { state, revision, attributes } = before;
  const members = [...after.members.values()];
  const epochs = members.flatMap(({ memberId, epoch }): [string, number][] => {
    return state.members.get(memberId)?.epoch === epoch ? [] : [[epochName(memberId), epoch]];
  });
  const removed = [...state.members.values()].filter(({ memberId }) => !after.members.has(memberId));
  const personal = removed.flatMap(({ memberId }) => [
    epochName(memberId),
    leaseName(memberId),
    commitClockName(memberId),
  ]);
  const classic = isClassic(attributes) ? ["type", "generation", "completing"] : [];
  const dropped = [...classic, ...personal, ...outdated(attributes, after, moment.nowMs)];
  return {
    set: {
      kind: consumerKind,
      revision: revision + 1,
      attempt,
      state: encodeGroup(after),
      members: members.length,
      ...Object.fromEntries(epochs),
    },
    remove: dropped,
    conditions: [
      isConsumerGroup,
      { kind: "attribute", name: "revision", op: "=", value: revision, orAbsent: revision === 0 },
      ...removed.filter((member) => isOver(member, moment)).flatMap((member) => stillOver(member, moment)),
    ],
  };
}

/** Its session was not extended since it was seen to be over. */
function stillOver(
  { memberId, revokeByMs }: { readonly memberId: string; readonly revokeByMs?: number | undefined },
  { nowMs, skewMs }: Moment,
): Condition[] {
  const isFenced = revokeByMs !== undefined && revokeByMs + skewMs <= nowMs;
  if (isFenced) return [];
  return [{ kind: "attribute", name: leaseName(memberId), op: "<=", value: nowMs - skewMs, orAbsent: true }];
}

/** Names of marks of decisions that are older than they are kept. */
export function outdatedMarks(attributes: Attributes, nowMs: number): string[] {
  return startingWith(attributes, "d:").flatMap(([producerId, value]) =>
    decodeDecided(value).atMs + decisionKeptMs <= nowMs ? [`d:${producerId}`] : [],
  );
}

/** Offsets of topics that nobody reads any more, and marks of decisions, that are older than they are kept. Some, if many. */
function outdated(attributes: Attributes, after: GroupState, nowMs: number): string[] {
  const subscribed = new Set(after.topics.flatMap(({ topicId, live }) => (live ? [topicId] : [])));
  const marks = outdatedMarks(attributes, nowMs);
  const isOld = ({ topicId, committedAtMs }: StoredOffset): boolean =>
    !subscribed.has(topicId) && committedAtMs + offsetsRetentionMs <= nowMs;
  const offsets = offsetsOf(attributes);
  const old = offsets.filter(isOld);
  const kept = new Set(offsets.filter((offset) => !isOld(offset)).map(({ topicId }) => topicId));
  const names = startingWith(attributes, "n:").flatMap(([topicId]) => {
    return kept.has(topicId) || old.some((offset) => offset.topicId === topicId) ? [] : [topicNameName(topicId)];
  });
  return [...marks, ...old.map(({ topicId, partition }) => offsetName(topicId, partition)), ...names].slice(
    0,
    groupTidyMax,
  );
}
