import { ServiceError } from "../../../shared/api/errors.ts";
import { metadataTopicsMax } from "../../../shared/limits/kafka-gateway.ts";
import { itemsOf } from "../../../shared/services/pages.ts";
import { inOrder } from "../in-order.ts";
import { distinct } from "../distinct.ts";
import { failureOf, kafkaError } from "../error-codes.ts";
import type { Gateway, Handler, RequestContext } from "../handler.ts";
import { isInternalTopic, znodeChangesId } from "../internal-topics.ts";
import { partitionAnswer } from "../partition-answer.ts";
import { passingInMetadata } from "../passing-errors.ts";
import type { RequestOf, ResponseOf } from "../protocol/api.ts";
import type { metadata } from "../protocol/apis/metadata.ts";
import { zeroUuid } from "../protocol/types.ts";

type Request = RequestOf<typeof metadata>;
type Topic = ResponseOf<typeof metadata>["topics"][number];
interface TopicShape {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
}

export const handleMetadata: Handler<typeof metadata> = async (request, context) => {
  const { placement, clusterId } = context.gateway;
  const topics = asksForAll(request, context.apiVersion)
    ? await allTopics(context.gateway)
    : await namedTopics(request, context);
  return {
    brokers: placement.brokers(),
    clusterId,
    controllerId: placement.controller().nodeId,
    topics,
  };
};

/** v0 has no null: there an empty list stands for all. */
function asksForAll({ topics }: Request, apiVersion: number): boolean {
  return topics === null || (apiVersion === 0 && topics.length === 0);
}

async function allTopics(gateway: Gateway): Promise<Topic[]> {
  const { services, namespace } = gateway;
  const topics: Topic[] = [];
  for await (const topic of itemsOf((page) => services.topics.list(namespace, page))) {
    topics.push(describe(gateway, topic));
  }
  return topics;
}

async function namedTopics({ topics, ...request }: Request, context: RequestContext): Promise<Topic[]> {
  const asked = topics ?? [];
  if (asked.length > metadataTopicsMax) {
    const errorCode = kafkaError.INVALID_REQUEST;
    return asked.map(({ name, topicId }) => failed(name, topicId, errorCode));
  }
  const listed = asked.length > topicsAloneMax ? await listedTopics(context.gateway) : noTopics;
  return inOrder(distinct(asked, askedKey), async ({ name, topicId }) => {
    try {
      const known = name === null || isById(topicId) ? undefined : listed.get(name);
      if (known !== undefined) return describe(context.gateway, known);
      if (isById(topicId)) return await topicOfId(topicId, context.gateway);
      if (name === null) return failed(null, topicId, kafkaError.UNKNOWN_TOPIC_ID);
      return describe(context.gateway, await find(name, request.allowAutoTopicCreation, context));
    } catch (error) {
      return failed(name, topicId, failureOf(error, context.gateway.log, passingInMetadata).errorCode);
    }
  });
}

/** Of more topics than these it costs less to read the list of all, which is one query. */
const topicsAloneMax = 8;
const noTopics: ReadonlyMap<string, TopicShape> = new Map();

/** None where they cannot be read: then each is asked for, and its failure is told. */
async function listedTopics({ services, namespace }: Gateway): Promise<ReadonlyMap<string, TopicShape>> {
  const topics = new Map<string, TopicShape>();
  try {
    for await (const topic of itemsOf((page) => services.topics.list(namespace, page))) topics.set(topic.name, topic);
    return topics;
  } catch (error) {
    if (error instanceof ServiceError) return noTopics;
    throw error;
  }
}

function askedKey({ topicId, name }: NonNullable<Request["topics"]>[number]): string {
  return isById(topicId) ? topicId : `/${name}`;
}

/** Never creates one. */
async function topicOfId(topicId: string, gateway: Gateway): Promise<Topic> {
  const { services, namespace, topicIds } = gateway;
  const name = await topicIds.nameOf(topicId);
  const unknown = failed(null, topicId, kafkaError.UNKNOWN_TOPIC_ID);
  if (name === undefined) return unknown;
  try {
    const found = await services.topics.describe(namespace, name);
    // The name may be another topic's by now.
    return found.topicId === topicId || isInternalTopic(name) ? describe(gateway, found) : unknown;
  } catch (error) {
    if (error instanceof ServiceError && error.code === "UNKNOWN_TOPIC_OR_PARTITION") return unknown;
    throw error;
  }
}

async function find(name: string, mayCreate: boolean, { gateway }: RequestContext): Promise<TopicShape> {
  const { services, namespace, createsTopics } = gateway;
  try {
    return await services.topics.describe(namespace, name);
  } catch (error) {
    const isUnknown = error instanceof ServiceError && error.code === "UNKNOWN_TOPIC_OR_PARTITION";
    if (!isUnknown || !mayCreate || !createsTopics) throw error;
  }
  try {
    return await services.topics.create(namespace, { name });
  } catch (error) {
    // Another client that asked for it was first.
    if (!(error instanceof ServiceError && error.code === "TOPIC_ALREADY_EXISTS")) throw error;
    return services.topics.describe(namespace, name);
  }
}

function describe(gateway: Gateway, { name, topicId, partitions }: TopicShape): Topic {
  return {
    errorCode: kafkaError.NONE,
    name,
    topicId: isInternalTopic(name) ? znodeChangesId : topicId,
    isInternal: isInternalTopic(name),
    partitions: Array.from({ length: partitions }, (_, index) => partitionAnswer(topicId, index, gateway)),
  };
}

/** Kafka's Java client sends an empty name beside an id. */
function isById(topicId: string): boolean {
  return topicId !== zeroUuid;
}

/** Versions without null have an empty name. */
function failed(name: string | null, topicId: string, errorCode: number): Topic {
  return { errorCode, name: name ?? "", topicId, partitions: [] };
}
