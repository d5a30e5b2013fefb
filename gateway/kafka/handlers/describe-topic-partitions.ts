import { describedPartitionsMax } from "../../../shared/limits/kafka-gateway.ts";
import { itemsOf } from "../../../shared/services/pages.ts";
import { failureOf, kafkaError } from "../error-codes.ts";
import type { Gateway, Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import { isInternalTopic, znodeChangesId } from "../internal-topics.ts";
import { partitionAnswer } from "../partition-answer.ts";
import { passingInMetadata } from "../passing-errors.ts";
import type { RequestOf, ResponseOf } from "../protocol/api.ts";
import type { describeTopicPartitions } from "../protocol/apis/describe-topic-partitions.ts";
import { zeroUuid } from "../protocol/types.ts";

type Request = RequestOf<typeof describeTopicPartitions>;
type Response = ResponseOf<typeof describeTopicPartitions>;
type Topic = Response["topics"][number];

interface Found {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
  readonly errorCode: number;
}

/** Topics in the order of names, from the cursor on, until the page is full. */
export const handleDescribeTopicPartitions: Handler<typeof describeTopicPartitions> = async (request, { gateway }) => {
  const { cursor, responsePartitionLimit } = request;
  const names = await namesFrom(request, gateway);
  let left = Math.min(Math.max(responsePartitionLimit, 1), describedPartitionsMax);
  const topics: Topic[] = [];
  for (let start = 0; start < names.length; start += topicsAtOnce) {
    const page = await inOrder(names.slice(start, start + topicsAtOnce), (name) => find(name, gateway));
    for (const found of page) {
      const first = found.name === cursor?.topicName ? Math.max(0, cursor.partitionIndex) : 0;
      if (left === 0) return { topics, nextCursor: { topicName: found.name, partitionIndex: first } };
      const end = Math.min(found.partitions, first + left);
      topics.push(describe(found, first, end, gateway));
      left -= Math.max(0, end - first);
      if (end < found.partitions) return { topics, nextCursor: { topicName: found.name, partitionIndex: end } };
    }
  }
  return { topics, nextCursor: null };
};

/** Topics that are looked up at a time: seldom do more fit on a page. */
const topicsAtOnce = 100;

async function namesFrom({ topics, cursor }: Request, { services, namespace }: Gateway): Promise<string[]> {
  const names = new Set(topics.map(({ name }) => name));
  if (topics.length === 0) {
    for await (const { name } of itemsOf((page) => services.topics.list(namespace, page))) names.add(name);
  }
  const first = cursor?.topicName ?? "";
  return [...names].filter((name) => name >= first).toSorted((one, other) => (one < other ? -1 : 1));
}

async function find(name: string, { services, namespace, log }: Gateway): Promise<Found> {
  try {
    const { topicId, partitions } = await services.topics.describe(namespace, name);
    const id = isInternalTopic(name) ? znodeChangesId : topicId;
    return { name, topicId: id, partitions, errorCode: kafkaError.NONE };
  } catch (error) {
    return { name, topicId: zeroUuid, partitions: 0, errorCode: failureOf(error, log, passingInMetadata).errorCode };
  }
}

function describe({ name, topicId, errorCode }: Found, first: number, end: number, gateway: Gateway): Topic {
  return {
    errorCode,
    name,
    topicId,
    isInternal: isInternalTopic(name),
    partitions: Array.from({ length: Math.max(0, end - first) }, (_, index) => ({
      ...partitionAnswer(topicId, first + index, gateway),
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
    })),
  };
}
