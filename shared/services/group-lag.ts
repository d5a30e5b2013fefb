/** A group's committed offsets beside the ends of their partitions. */
import { offsetsOf, type StoredOffset } from "../groups/group-item.ts";
import { type GroupState, holders, type PartitionKey, partitionKeyOf } from "../groups/group-state.ts";
import { groupPartitionsMax } from "../limits/groups.ts";
import type { Attributes } from "../storage/item-store.ts";
import type { CommittedOffset } from "./groups.ts";
import type { KnownTopics } from "./known-topics.ts";
import { inTurns } from "./resolve-offsets.ts";

/** A partition of a topic that is there. */
export interface Place {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
}

export interface Ends {
  readonly logStartOffset: number;
  readonly highWatermark: number;
}

/** Where a partition of a namespace begins and ends. */
export type FindEnds = (namespace: string, place: Place) => Promise<Ends>;

/** What a group has committed, and of what is owned the rest. Two requests per partition at most. */
export async function offsetsWithLag(
  { topics, findEnds }: { readonly topics: KnownTopics; readonly findEnds: FindEnds },
  namespace: string,
  { state, attributes }: { readonly state: GroupState; readonly attributes: Attributes },
  wanted: ReadonlySet<string> | undefined,
): Promise<readonly CommittedOffset[]> {
  const committed = new Map(offsetsOf(attributes).map((offset) => [keyOf(offset), offset]));
  const places = await findPlaces(topics, namespace, state, [...committed.values()], wanted);
  const held = holders(state);
  return await inTurns(places, async (place) => {
    const owner = held.get(`${place.topic}/${place.partition}`);
    const { logStartOffset, highWatermark } = await findEnds(namespace, place);
    const offset = committed.get(keyOf(place));
    const from = Math.max(offset?.offset ?? logStartOffset, logStartOffset);
    return {
      topic: place.topic,
      partition: place.partition,
      offset: offset?.offset ?? -1,
      metadata: offset?.metadata ?? "",
      ...(offset === undefined ? {} : { committedAtMs: offset.committedAtMs }),
      highWatermark,
      logStartOffset,
      lag: Math.max(0, highWatermark - from),
      ...(owner === undefined ? {} : { memberId: owner }),
    };
  });
}

/** Partitions that are committed, or of topics that the group is subscribed to, and that are there. */
export async function findPlaces(
  topics: KnownTopics,
  namespace: string,
  state: GroupState,
  committed: readonly StoredOffset[],
  wanted: ReadonlySet<string> | undefined,
): Promise<Place[]> {
  const places = new Map<PartitionKey, Place>();
  const add = (place: Place): void => void places.set(keyOf(place), place);
  const isWanted = ({ topic }: { readonly topic: string }): boolean => wanted === undefined || wanted.has(topic);
  const names = new Map([
    ...committed.map(({ topic }) => [topic, false] as const),
    ...state.topics.map(({ name }) => [name, true] as const),
  ]);
  const found = await inTurns(
    [...names].filter(([topic]) => isWanted({ topic })),
    async ([topic, isSubscribed]) => ({ found: await topics.find(namespace, topic), isSubscribed }),
  );
  for (const { found: known, isSubscribed } of found) {
    if (known === undefined) continue;
    const { topicId, name: topic, partitions } = known;
    for (const offset of committed) {
      if (offset.topicId === topicId) add({ topicId, topic, partition: offset.partition });
    }
    const shared = isSubscribed ? Math.min(partitions, groupPartitionsMax) : 0;
    for (let partition = 0; partition < shared; partition += 1) add({ topicId, topic, partition });
  }
  return [...places.values()].toSorted((one, other) =>
    one.topic === other.topic ? one.partition - other.partition : one.topic < other.topic ? -1 : 1,
  );
}

export function keyOf({ topicId, partition }: { readonly topicId: string; readonly partition: number }): PartitionKey {
  return partitionKeyOf(topicId, partition);
}
