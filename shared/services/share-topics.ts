/** The partitions of a share group's topics. What is new to the group is begun where its settings say. */
import { ServiceError } from "../api/errors.ts";
import { newShareState, type ShareState } from "../groups/share-state.ts";
import { shareChangeAttemptsMax, shareGroupTopicsMax, sharePartitionsAtOnce } from "../limits/share-groups.ts";
import { StorageThrottledError } from "../storage/errors.ts";
import type { FetchService, TopicFinder, TopicMetadata } from "./services.ts";
import { invalidRequest } from "./share-checks.ts";
import type { ShareGroup, ShareGroupItems, ShareTopic } from "./share-group-items.ts";
import type { ShareStates } from "./share-states.ts";

export interface BegunTopic extends ShareTopic {
  readonly partitions: number;
}

export class ShareTopics {
  readonly #groups: ShareGroupItems;
  readonly #states: ShareStates;
  readonly #topics: TopicFinder;
  readonly #fetch: FetchService;

  constructor(groups: ShareGroupItems, states: ShareStates, topics: TopicFinder, fetch: FetchService) {
    this.#groups = groups;
    this.#states = states;
    this.#topics = topics;
    this.#fetch = fetch;
  }

  /**
   * The topics as they are, begun by the group. No request while the process remembers them.
   *
   * @throws ServiceError UNKNOWN_TOPIC_OR_PARTITION | INVALID_REQUEST
   */
  async begin(group: ShareGroup, names: readonly string[]): Promise<readonly BegunTopic[]> {
    const begun: BegunTopic[] = [];
    for (const name of new Set(names)) {
      if (name === group.config.deadLetterTopic) {
        throw invalidRequest(`${name} is where the group's own dead letters go: another group may read it`);
      }
      const topic = await this.#topics.find(group.namespace, name);
      if (!isBegun(group, name, topic)) await this.#beginOne(group, name, topic);
      begun.push({ name, topicId: topic.topicId, partitions: topic.partitions });
    }
    return begun;
  }

  /** Those of the group's topics that there are, with their partitions. */
  async known(group: ShareGroup): Promise<readonly BegunTopic[]> {
    const found = await Promise.all(
      group.topics.map(async ({ name, topicId }) => {
        const topic = await this.#findIfThere(group.namespace, name);
        return topic?.topicId === topicId ? [{ name, topicId, partitions: topic.partitions }] : [];
      }),
    );
    return found.flat();
  }

  /** First all partitions that there are, then the topic's name: one that is added later begins at its start. */
  async #beginOne(group: ShareGroup, name: string, topic: TopicMetadata): Promise<void> {
    if (group.config.startAt === "latest") {
      await eachAtOnce(partitionsOf(topic), (partition) => this.#beginAtEnd(group, name, topic.topicId, partition));
    }
    await this.#groups.change(group, async (found) => {
      if (found?.groupId !== group.groupId) await this.#groups.confirm(group);
      const now = found ?? group;
      if (isBegun(now, name, topic)) return now;
      const others = now.topics.filter((one) => one.name !== name);
      const kept = others.length < shareGroupTopicsMax ? others : await this.#thatAre({ ...now, topics: others });
      if (kept.length >= shareGroupTopicsMax) {
        throw invalidRequest(`A share group has at most ${shareGroupTopicsMax} topics`);
      }
      return { ...now, topics: [...kept, { name, topicId: topic.topicId }] };
    });
  }

  async #beginAtEnd(group: ShareGroup, name: string, topicId: string, partition: number): Promise<void> {
    const { offset } = await this.#fetch.listOffset(group.namespace, name, partition, { at: "latest" });
    const decide = (state: ShareState | undefined) => ({ state: state ?? newShareState(offset), answer: undefined });
    const options = { attemptsMax: shareChangeAttemptsMax, mayBeOld: true };
    const outcome = await this.#states.change({ group, topicId, partition }, decide, options);
    if (outcome.kind === "lost") throw new StorageThrottledError("too many begin the same partition");
  }

  async #thatAre(group: ShareGroup): Promise<readonly ShareTopic[]> {
    return (await this.known(group)).map(({ name, topicId }) => ({ name, topicId }));
  }

  async #findIfThere(namespace: string, name: string): Promise<TopicMetadata | undefined> {
    try {
      return await this.#topics.find(namespace, name);
    } catch (cause) {
      if (cause instanceof ServiceError && cause.code === "UNKNOWN_TOPIC_OR_PARTITION") return undefined;
      throw cause;
    }
  }
}

function isBegun(group: ShareGroup, name: string, { topicId }: TopicMetadata): boolean {
  return group.topics.some((topic) => topic.name === name && topic.topicId === topicId);
}

function partitionsOf({ partitions }: { readonly partitions: number }): readonly number[] {
  return Array.from({ length: partitions }, (_, partition) => partition);
}

/** Does all of them, a few at a time. */
export async function eachAtOnce<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += sharePartitionsAtOnce) {
    results.push(...(await Promise.all(items.slice(start, start + sharePartitionsAtOnce).map(work))));
  }
  return results;
}
