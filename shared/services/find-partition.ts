import { ServiceError } from "../api/errors.ts";
import type { TopicFinder, TopicMetadata } from "./services.ts";

/**
 * The topic, if it has the partition; one that is not there may have been added since the topic was cached.
 *
 * @throws ServiceError UNKNOWN_TOPIC_OR_PARTITION, and as `TopicFinder.find`
 */
export async function findPartition(
  topics: TopicFinder,
  namespace: string,
  name: string,
  partition: number,
): Promise<TopicMetadata> {
  let topic = await topics.find(namespace, name);
  if (partition >= topic.partitions) {
    topics.forget(namespace, name);
    topic = await topics.find(namespace, name);
  }
  if (!Number.isInteger(partition) || partition < 0 || partition >= topic.partitions) {
    throw new ServiceError("UNKNOWN_TOPIC_OR_PARTITION", `${name} has no partition ${partition}`, {
      details: { topic: name, partition, partitions: topic.partitions },
    });
  }
  return topic;
}
