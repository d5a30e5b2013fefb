/**
 * Finds the topics that offsets to commit are of. Offsets are kept by topic id, and asked to be committed by name: where a topic
 * was deleted and created again, a member may not have heard of it yet, and commits what it has read of the one before.
 */
import { ServiceError } from "../api/errors.ts";
import { type GroupState, namesOf, partsOf, placeOf } from "../groups/group-state.ts";
import { offsetLookupsAtOnce } from "../limits/groups.ts";
import type { ResolvedOffset } from "./group-commits.ts";
import type { GroupItems } from "./group-items.ts";
import type { CommitOffsets, OffsetToCommit } from "./groups.ts";
import type { KnownTopics } from "./known-topics.ts";

/** Ids of the topics of which a member holds partitions, by `<topic>/<partition>`. */
type HeldIds = ReadonlyMap<string, string>;

const nothing: HeldIds = new Map();

export class OffsetResolver {
  readonly #items: Pick<GroupItems, "get" | "remembered" | "isKnownClassic">;
  readonly #topics: KnownTopics;

  constructor(items: Pick<GroupItems, "get" | "remembered" | "isKnownClassic">, topics: KnownTopics) {
    this.#items = items;
    this.#topics = topics;
  }

  /**
   * With the ids of the topics that have the names now, or an error that is one partition's alone: there is none, or it is not
   * the one that the member holds. No request while this process remembers the topics and the member's epoch.
   */
  async resolve(request: CommitOffsets): Promise<readonly (ResolvedOffset | ServiceError)[]> {
    const { memberId, memberEpoch, namespace, group } = request;
    // Who holds what in a classic group is between its members.
    const holdsNothing = memberId === undefined || memberEpoch === undefined || this.#items.isKnownClassic(request);
    if (holdsNothing) return await this.#resolveAll(request, nothing);
    const remembered = heldIds(this.#items.remembered(request), memberId, memberEpoch);
    if (remembered !== undefined) {
      const resolved = await this.#resolveAll(request, remembered);
      // What is remembered may be of a group that is gone.
      if (!resolved.some((one) => one instanceof ServiceError)) return resolved;
    }
    const { state } = await this.#items.get({ namespace, group });
    // Of another epoch: the commit will be refused.
    return await this.#resolveAll(request, heldIds(state, memberId, memberEpoch) ?? nothing);
  }

  async #resolveAll(
    { namespace, offsets }: CommitOffsets,
    held: HeldIds,
  ): Promise<readonly (ResolvedOffset | ServiceError)[]> {
    return await inTurns(offsets, (offset) => this.#resolve(namespace, offset, held));
  }

  async #resolve(
    namespace: string,
    { topic, partition, offset, metadata = "" }: OffsetToCommit,
    held: HeldIds,
  ): Promise<ResolvedOffset | ServiceError> {
    const heldId = held.get(`${topic}/${partition}`);
    const isRight = (topicId: string | undefined): topicId is string =>
      topicId !== undefined && (heldId === undefined || heldId === topicId);
    let topicId = (await this.#topics.findPartition(namespace, topic, partition))?.topicId;
    if (topicId !== undefined && !isRight(topicId)) {
      topicId = (await this.#topics.findPartitionNow(namespace, topic, partition))?.topicId;
    }
    return isRight(topicId) ? { topicId, topic, partition, offset, metadata } : unknownPartition(topic, partition);
  }
}

/** Undefined if the state does not tell what the member holds by its epoch. */
function heldIds(state: GroupState | undefined, memberId: string, memberEpoch: number): HeldIds | undefined {
  const member = state?.members.get(memberId);
  if (state === undefined || member?.epoch !== memberEpoch) return undefined;
  const names = namesOf(state);
  return new Map(
    [...member.assigned, ...member.revoking].map((key) => [placeOf(names, key), partsOf(key).topicId] as const),
  );
}

export function unknownPartition(topic: string, partition: number): ServiceError {
  return new ServiceError("UNKNOWN_TOPIC_OR_PARTITION", `There is no topic ${topic} with a partition ${partition}`, {
    details: { topic, partition },
  });
}

/** Does all of them, a few at a time. */
export async function inTurns<Item, Result>(
  all: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < all.length; start += offsetLookupsAtOnce) {
    results.push(...(await Promise.all(all.slice(start, start + offsetLookupsAtOnce).map(work))));
  }
  return results;
}
