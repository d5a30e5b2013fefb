/** Topics and partitions by name, for groups that commit to them. */
import { ServiceError } from "../api/errors.ts";
import type { TopicView } from "../groups/retarget.ts";
import type { ResolvedOffset } from "./group-commits.ts";
import type { OffsetToCommit } from "./groups.ts";
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
    this.#finder.forget(namespace, topic);
    const found = await this.find(namespace, topic);
    return found !== undefined && partition < found.partitions ? found : undefined;
  }

  /** With the id of the topic that has the name now; an error that is this partition's alone. */
  async resolve(namespace: string, offset: OffsetToCommit): Promise<ResolvedOffset | ServiceError> {
    const { topic, partition, metadata = "" } = offset;
    const found = await this.findPartition(namespace, topic, partition);
    if (found === undefined) return unknownPartition(topic, partition);
    return { topicId: found.topicId, topic, partition, offset: offset.offset, metadata };
  }
}

export function unknownPartition(topic: string, partition: number): ServiceError {
  return new ServiceError("UNKNOWN_TOPIC_OR_PARTITION", `There is no topic ${topic} with a partition ${partition}`, {
    details: { topic, partition },
  });
}
