/**
 * The uniform assignor: nobody has more than one partition more than another who could take it, and as little moves as
 * that allows.
 *
 * What each member had it keeps; what is free goes to whoever of its subscribers has least; then partitions move along
 * paths a → b → c, from a member to one that has at least two less, each hop a partition whose topic the next member is
 * subscribed to. When no path is left the assignment is as even as the subscriptions allow (an optimal semi-matching;
 * Harvey, Ladner, Lovász, Tamir 2006).
 */
import { type PartitionKey, partitionKeyOf, partsOf } from "./group-state.ts";

/** A member as an assignor sees it. */
export interface Subscriber {
  readonly memberId: string;
  /** A static member's place in the order of members is its instance's, so that it comes back to the same one. */
  readonly instanceId?: string;
  /** Ids of the topics that it is subscribed to and that are there. */
  readonly topicIds: ReadonlySet<string>;
  /** What it had in the last assignment. */
  readonly had: ReadonlySet<PartitionKey>;
}

export interface AssignableTopic {
  readonly topicId: string;
  readonly partitions: number;
}

/** Each member's partitions, by member id. */
export type Assignment = Map<string, Set<PartitionKey>>;

/** Members in the order that assignors go by. */
export function inOrder(members: readonly Subscriber[]): Subscriber[] {
  const placeOf = ({ instanceId, memberId }: Subscriber): string => instanceId ?? memberId;
  return members.toSorted(
    (one, other) => compare(placeOf(one), placeOf(other)) || compare(one.memberId, other.memberId),
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

export function assignUniformly(members: readonly Subscriber[], topics: readonly AssignableTopic[]): Assignment {
  const loads = inOrder(members).map((subscriber) => new Load(subscriber));
  const free = keepWhatTheyHad(loads, topics);
  const subscribersOf = new Map(
    topics.map(({ topicId }) => [topicId, loads.filter(({ subscriber }) => subscriber.topicIds.has(topicId))]),
  );
  const choices = (key: PartitionKey): number => subscribersOf.get(partsOf(key).topicId)?.length ?? 0;
  // Those that fewest can take first: the others make up for what they leave uneven.
  for (const key of free.toSorted((one, other) => choices(one) - choices(other))) {
    const least = leastLoaded(subscribersOf.get(partsOf(key).topicId) ?? []);
    least?.add(key);
  }
  evenOut(loads, subscribersOf);
  return new Map(loads.map((load) => [load.subscriber.memberId, load.partitions()]));
}

/** A member and what it has so far. */
class Load {
  readonly subscriber: Subscriber;
  readonly #byTopic = new Map<string, Set<PartitionKey>>();
  size = 0;

  constructor(subscriber: Subscriber) {
    this.subscriber = subscriber;
  }

  add(key: PartitionKey): void {
    const { topicId } = partsOf(key);
    const keys = this.#byTopic.get(topicId) ?? new Set();
    this.#byTopic.set(topicId, keys.add(key));
    this.size += 1;
  }

  /** Takes one of the topic away: first what it did not have before. */
  take(topicId: string): PartitionKey {
    const keys = this.#byTopic.get(topicId) ?? new Set<PartitionKey>();
    const all = [...keys];
    const key = all.findLast((one) => !this.subscriber.had.has(one)) ?? all.at(-1);
    if (key === undefined) throw new Error(`${this.subscriber.memberId} has nothing of topic ${topicId}`);
    keys.delete(key);
    if (keys.size === 0) this.#byTopic.delete(topicId);
    this.size -= 1;
    return key;
  }

  topicIds(): Iterable<string> {
    return this.#byTopic.keys();
  }

  partitions(): Set<PartitionKey> {
    return new Set([...this.#byTopic.values()].flatMap((keys) => [...keys]));
  }
}

/** Answers what nobody had, or could keep. */
function keepWhatTheyHad(loads: readonly Load[], topics: readonly AssignableTopic[]): PartitionKey[] {
  const free = new Set<PartitionKey>();
  for (const { topicId, partitions } of topics) {
    for (let partition = 0; partition < partitions; partition += 1) free.add(partitionKeyOf(topicId, partition));
  }
  for (const load of loads) {
    for (const key of load.subscriber.had) {
      if (load.subscriber.topicIds.has(partsOf(key).topicId) && free.delete(key)) load.add(key);
    }
  }
  return [...free];
}

function leastLoaded(loads: readonly Load[]): Load | undefined {
  let least: Load | undefined;
  for (const load of loads) if (least === undefined || load.size < least.size) least = load;
  return least;
}

/** Each round makes the sum of squares of the loads smaller, so there is a last one. */
function evenOut(loads: readonly Load[], subscribersOf: ReadonlyMap<string, readonly Load[]>): void {
  let moved = true;
  while (moved) {
    moved = false;
    for (const load of loads.toSorted((one, other) => other.size - one.size)) {
      const path = findPath(load, subscribersOf);
      if (path === undefined) continue;
      let from = load;
      for (const { topicId, to } of path) {
        to.add(from.take(topicId));
        from = to;
      }
      moved = true;
      break;
    }
  }
}

interface Hop {
  readonly topicId: string;
  readonly to: Load;
}

/** The shortest way from a member to the least loaded one that it can reach, if that has at least two less. */
function findPath(start: Load, subscribersOf: ReadonlyMap<string, readonly Load[]>): readonly Hop[] | undefined {
  const cameBy = new Map<Load, { readonly from: Load; readonly topicId: string }>();
  const reached = new Set<Load>([start]);
  const seenTopics = new Set<string>();
  let goal: Load | undefined;
  // The set grows while it is gone through: breadth first.
  for (const from of reached) {
    for (const topicId of from.topicIds()) {
      if (seenTopics.has(topicId)) continue;
      seenTopics.add(topicId);
      for (const to of subscribersOf.get(topicId) ?? []) {
        if (reached.has(to)) continue;
        reached.add(to);
        cameBy.set(to, { from, topicId });
        if (to.size <= start.size - 2 && (goal === undefined || to.size < goal.size)) goal = to;
      }
    }
  }
  if (goal === undefined) return undefined;
  const path: Hop[] = [];
  for (let to = goal, step = cameBy.get(to); step !== undefined; to = step.from, step = cameBy.get(to)) {
    path.unshift({ topicId: step.topicId, to });
  }
  return path;
}
