/**
 * A group's state as the text of one attribute. JSON with short names, because every commit pays for the whole item:
 *
 *     v  version, 1        e  epoch             a  assignor
 *     t  topics            [[id, name, partitions, 1 if live], ...]
 *     p  matched patterns  [[pattern, [name, ...]], ...]
 *     s  subscriptions     [[[name, ...], pattern or null], ...]     equal ones once
 *     m  members           [{ i id, e epoch, b epoch before, s subscription, st, rt timeouts (ms), n instance, c client, o its host,
 *                             r replaced, a assignor, l left, t target, h held if other than that, g revoking, d its end }]
 *
 * Partitions are `topic:ranges;...` with the topic's place in `t`, such as `0:0-3,7;2:1`.
 */
import { groupMembersMax, groupPartitionsMax, groupTopicsMax } from "../limits/groups.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import {
  type AssignorName,
  byTopic,
  type GroupState,
  type GroupTopic,
  holders,
  isSettled,
  type Member,
  partitionKeyOf,
  type PartitionSet,
} from "./group-state.ts";

const partitionText = /^\d{1,10}$/;

type Subscription = Pick<Member, "topics" | "topicPattern">;

/** @throws StorageCorruptError if what would be stored could not be read */
export function encodeGroup(state: GroupState): string {
  const placeOf = new Map(state.topics.map(({ topicId }, index) => [topicId, index]));
  const subscriptions = new Map<string, number>();
  const members = [...state.members.values()].map((member) => encodeMember(member, placeOf, subscriptions));
  const text = JSON.stringify({
    v: 1,
    e: state.epoch,
    a: state.assignor,
    t: state.topics.map(({ topicId, name, partitions, live }) => [topicId, name, partitions, live ? 1 : 0]),
    p: [...state.matches],
    s: [...subscriptions.keys()].map((subscription): unknown => JSON.parse(subscription)),
    m: members,
  });
  decodeGroup(text);
  return text;
}

function encodeMember(
  member: Member,
  placeOf: ReadonlyMap<string, number>,
  subscriptions: Map<string, number>,
): Readonly<Record<string, unknown>> {
  const subscription = JSON.stringify([member.topics, member.topicPattern ?? null]);
  const index = subscriptions.get(subscription) ?? subscriptions.size;
  subscriptions.set(subscription, index);
  const { instanceId, clientId, clientHost, replaced, assignor, revokeByMs } = member;
  return {
    i: member.memberId,
    e: member.epoch,
    b: member.previousEpoch,
    s: index,
    st: member.sessionTimeoutMs,
    rt: member.rebalanceTimeoutMs,
    t: encodePartitions(member.target, placeOf),
    ...(isSettled(member) ? {} : { h: encodePartitions(member.assigned, placeOf) }),
    ...(member.revoking.size === 0 ? {} : { g: encodePartitions(member.revoking, placeOf) }),
    ...(revokeByMs === undefined ? {} : { d: revokeByMs }),
    ...(instanceId === undefined ? {} : { n: instanceId }),
    ...(clientId === undefined ? {} : { c: clientId }),
    ...(clientHost === undefined ? {} : { o: clientHost }),
    ...(replaced === undefined ? {} : { r: replaced }),
    ...(assignor === undefined ? {} : { a: assignor }),
    ...(member.left ? { l: 1 } : {}),
  };
}

function encodePartitions(keys: PartitionSet, placeOf: ReadonlyMap<string, number>): string {
  const parts = [...byTopic(keys)].map(([topicId, partitions]) => {
    const place = placeOf.get(topicId);
    if (place === undefined) throw new Error(`the group does not know topic ${topicId}`);
    return `${place}:${rangesOf(partitions)}`;
  });
  return parts.join(";");
}

function rangesOf(ascending: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const partition of ascending) {
    const range = ranges.at(-1);
    if (range !== undefined && range.last === partition - 1) range.last = partition;
    else ranges.push({ first: partition, last: partition });
  }
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** @throws StorageCorruptError */
export function decodeGroup(text: string): GroupState {
  const stored = recordOf(parse(text));
  if (stored["v"] !== 1) throw corrupt("its version is not known");
  const topics = listOf(stored["t"], groupTopicsMax * 2).map(decodeTopic);
  const subscriptions = listOf(stored["s"], groupMembersMax).map(decodeSubscription);
  const members = listOf(stored["m"], groupMembersMax).map((member) =>
    decodeMember(recordOf(member), topics, subscriptions),
  );
  const state: GroupState = {
    epoch: wholeOf(stored["e"]),
    assignor: assignorOf(stored["a"]),
    topics,
    matches: new Map(listOf(stored["p"], groupMembersMax).map(decodeMatch)),
    members: new Map(members.map((member) => [member.memberId, member])),
  };
  if (state.members.size !== members.length) throw corrupt("a member stands in it twice");
  checkHolders(state);
  return state;
}

/** Whoever goes on from a state believes that nothing is held twice. */
function checkHolders(state: GroupState): void {
  try {
    holders(state);
  } catch (cause) {
    throw new StorageCorruptError("the state of a group does not decode: a partition is held twice", { cause });
  }
}

function decodeTopic(stored: unknown): GroupTopic {
  const [topicId, name, partitions, live] = listOf(stored, 4);
  return { topicId: textOf(topicId), name: textOf(name), partitions: wholeOf(partitions), live: live === 1 };
}

function decodeMatch(stored: unknown): readonly [string, readonly string[]] {
  const [pattern, names] = listOf(stored, 2);
  return [textOf(pattern), listOf(names, groupTopicsMax).map(textOf)];
}

function decodeSubscription(stored: unknown): Subscription {
  const [names, pattern] = listOf(stored, 2);
  const topics = listOf(names, groupTopicsMax).map(textOf);
  return pattern === null ? { topics } : { topics, topicPattern: textOf(pattern) };
}

function decodeMember(
  stored: Readonly<Record<string, unknown>>,
  topics: readonly GroupTopic[],
  subscriptions: readonly Subscription[],
): Member {
  const subscription = subscriptions[wholeOf(stored["s"])];
  if (subscription === undefined) throw corrupt("a member has no subscription");
  const target = decodePartitions(stored["t"], topics);
  const { d: deadline, n: instance, c: client, o: host, r: replaced, a: assignor } = stored;
  return {
    memberId: textOf(stored["i"]),
    epoch: wholeOf(stored["e"]),
    previousEpoch: stored["b"] === -1 ? -1 : wholeOf(stored["b"]),
    ...subscription,
    sessionTimeoutMs: wholeOf(stored["st"]),
    rebalanceTimeoutMs: wholeOf(stored["rt"]),
    left: stored["l"] === 1,
    target,
    assigned: stored["h"] === undefined ? target : decodePartitions(stored["h"], topics),
    revoking: stored["g"] === undefined ? new Set() : decodePartitions(stored["g"], topics),
    ...(deadline === undefined ? {} : { revokeByMs: wholeOf(deadline) }),
    ...(instance === undefined ? {} : { instanceId: textOf(instance) }),
    ...(client === undefined ? {} : { clientId: textOf(client) }),
    ...(host === undefined ? {} : { clientHost: textOf(host) }),
    ...(replaced === undefined ? {} : { replaced: textOf(replaced) }),
    ...(assignor === undefined ? {} : { assignor: assignorOf(assignor) }),
  };
}

function decodePartitions(stored: unknown, topics: readonly GroupTopic[]): PartitionSet {
  const text = textOf(stored);
  const keys = new Set<string>();
  for (const part of text === "" ? [] : text.split(";")) {
    const [place = "", ranges = ""] = part.split(":");
    const topic = topics[Number(place)];
    if (topic === undefined) throw corrupt(`it has no topic ${place}`);
    for (const range of ranges.split(",")) {
      const [first = "", last = first] = range.split("-");
      const [from, to] = [Number(first), Number(last)];
      // Beyond 2^53 a number and the next one may be the same.
      const areNumbers = partitionText.test(first) && partitionText.test(last);
      if (!areNumbers || to < from || keys.size + to - from >= 2 * groupPartitionsMax) {
        throw corrupt(`${range} is no range of partitions`);
      }
      for (let partition = from; partition <= to; partition += 1) keys.add(partitionKeyOf(topic.topicId, partition));
    }
  }
  return keys;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StorageCorruptError("the state of a group is not JSON", { cause });
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw corrupt("an object is missing");
  return value as Readonly<Record<string, unknown>>;
}

function listOf(value: unknown, lengthMax: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > lengthMax) throw corrupt("a list is missing, or too long");
  return value;
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw corrupt("a text is missing");
  return value;
}

function wholeOf(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw corrupt("a number is missing");
  return value;
}

function assignorOf(value: unknown): AssignorName {
  if (value !== "uniform" && value !== "range") throw corrupt("its assignor is not known");
  return value;
}

function corrupt(what: string): StorageCorruptError {
  return new StorageCorruptError(`the state of a group does not decode: ${what}`);
}
