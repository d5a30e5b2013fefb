/** What a topic may be called and set to, as Kafka's errors. */
import { ServiceError } from "../api/errors.ts";
import { pageItemsMax, partitionsPerTopicMax, topicNameCharsMax } from "../limits.ts";
import { findConfigProblem } from "../topics/topic-config.ts";
import { findTopicNameProblem, isReservedTopicName } from "../topics/topic-name.ts";
import type { ConfigChange, TopicConfig } from "./services.ts";

/** @throws ServiceError INVALID_TOPIC_EXCEPTION */
export function checkTopicName(name: string): void {
  const problem = findTopicNameProblem(name);
  if (problem !== undefined) throw invalidTopic(`Topic name is invalid: ${problem}`);
}

/** @throws ServiceError INVALID_TOPIC_EXCEPTION */
export function checkNewTopicName(name: string): void {
  checkTopicName(name);
  if (isReservedTopicName(name)) throw invalidTopic(`Topic name ${name} is reserved`);
}

export function invalidTopic(message: string): ServiceError {
  return new ServiceError("INVALID_TOPIC_EXCEPTION", message);
}

/**
 * @param now partitions that the topic has; 0 for a new one
 * @throws ServiceError INVALID_PARTITIONS
 */
export function checkPartitions(partitions: number, now: number): void {
  if (!Number.isInteger(partitions) || partitions < 1) {
    throw new ServiceError("INVALID_PARTITIONS", "Number of partitions must be larger than 0.");
  }
  if (partitions > partitionsPerTopicMax) {
    throw new ServiceError("INVALID_PARTITIONS", `A topic has at most ${partitionsPerTopicMax} partitions.`);
  }
  if (partitions > now) return;
  throw new ServiceError(
    "INVALID_PARTITIONS",
    `The topic currently has ${now} partition(s); ${partitions} would not be an increase.`,
    { details: { partitions: now } },
  );
}

/** @throws ServiceError INVALID_CONFIG */
export function checkConfig(config: TopicConfig): void {
  const problem = findConfigProblem(config);
  if (problem === undefined) return;
  const { key, message } = problem;
  throw new ServiceError(
    "INVALID_CONFIG",
    message,
    key === undefined ? {} : { details: { key: key.slice(0, topicNameCharsMax) } },
  );
}

/** The configuration after a change; what is null goes. */
export function changedConfig(config: TopicConfig, change: ConfigChange = {}): TopicConfig {
  const kept = Object.entries(config).filter(([key]) => !Object.hasOwn(change, key));
  const set = Object.entries(change).filter((entry): entry is [string, string] => entry[1] !== null);
  return Object.fromEntries([...kept, ...set]);
}

/** @throws ServiceError BAD_ARGUMENTS */
export function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= pageItemsMax) return;
  throw new ServiceError("BAD_ARGUMENTS", `limit must be from 1 to ${pageItemsMax}`);
}
