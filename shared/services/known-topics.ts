/** Topics and partitions by name, for groups that commit to them. */
import { ServiceError } from "../api/errors.ts";
import type { TopicView } from "../groups/retarget.ts";
import type { TopicFinder } from "./services.ts";
import { znodeChangesDescription, znodeChangesTopic } from "./znode-changes.ts";

export type FoundTopic = TopicView["topics"][number];

export class KnownTopics {
  readonly #finder: TopicFinder;

  constructor(finder: TopicFinder) {
    this.#finder = finder;
  }

  /** A topic's id and partitions; undefined if it is not there. */
  async find(namespace: string, topic: string): Promise<FoundTopic | undefined> {
    // Not in the tree, but offered as a topic all the same.
    if (topic === znodeChangesTopic) return znodeChangesDescription;
    try {
      const { topicId, partitions } = await this.#finder.find(namespace, topic);
      return { topicId, name: topic, partitions };
    } catch (cause) {
      if (cause instanceof ServiceError && cause.code === "UNKNOWN_TOPIC_OR_PARTITION") return undefined;
      throw cause;
    }
  }

  /** As `find`, from the store if the topic in memory does not have the partition. */
  async findPartition(namespace: string, topic: string, partition: number): Promise<FoundTopic | undefined> {
    const known = await this.find(namespace, topic);
    if (known !== undefined && partition < known.partitions) return known;
    return await this.findPartitionNow(namespace, topic, partition);
  }

  /** As `findPartition`, always from the store. */
  async findPartitionNow(namespace: string, topic: string, partition: number): Promise<FoundTopic | undefined> {
    this.#finder.forget(namespace, topic);
    const found = await this.find(namespace, topic);
    return found !== undefined && partition < found.partitions ? found : undefined;
  }
}
