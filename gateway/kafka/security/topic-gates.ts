/** Gates of the APIs that read and write topics (KafkaApis). */
import type { RequestOf, ResponseOf } from "../protocol/api.ts";
import { fetch } from "../protocol/apis/fetch.ts";
import { initProducerId } from "../protocol/apis/init-producer-id.ts";
import { listOffsets } from "../protocol/apis/list-offsets.ts";
import { metadata } from "../protocol/apis/metadata.ts";
import { produce } from "../protocol/apis/produce.ts";
import { zeroUuid } from "../protocol/types.ts";
import { clusterName } from "./acl.ts";
import { type Gate, gate, type GateEntry, split } from "./gate.ts";
import type { Access } from "./gateway-security.ts";
import { counted } from "./quota-gate.ts";
import { securityError } from "./security-errors.ts";

const refusedTopic = securityError.TOPIC_AUTHORIZATION_FAILED;

const passProduce: Gate<typeof produce> = async ({ request, access, next }) => {
  const { transactionalId, topicData } = request;
  const mayTransact = transactionalId === null || access.may("Write", "TransactionalId", transactionalId);
  const errorCode = mayTransact ? refusedTopic : securityError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
  const { allowed, refused } = split(topicData, ({ name }) => mayTransact && access.may("Write", "Topic", name));
  if (refused.length === 0) return next(request);
  const answer = allowed.length === 0 ? { responses: [] } : await next({ ...request, topicData: allowed });
  if (answer === undefined || request.acks === 0) return undefined;
  const refusals = refused.map(({ name, partitionData }) => ({
    name,
    partitionResponses: partitionData.map(({ index }) => ({ index, errorCode, baseOffset: -1 })),
  }));
  return { ...answer, responses: [...answer.responses, ...refusals] };
};

const passFetch: Gate<typeof fetch> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.topics, ({ topic }) => access.may("Read", "Topic", topic));
  if (refused.length === 0) return next(request);
  // As with any error the client is told at once.
  const answer = await next({ ...request, topics: allowed, maxWaitMs: 0 });
  const refusals = refused.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition: partitionIndex }) => ({
      partitionIndex,
      errorCode: refusedTopic,
      highWatermark: -1,
      abortedTransactions: null,
      records: [],
    })),
  }));
  return answer && { ...answer, responses: [...answer.responses, ...refusals] };
};

const passListOffsets: Gate<typeof listOffsets> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.topics, ({ name }) => access.may("Describe", "Topic", name));
  if (refused.length === 0) return next(request);
  const answer = await next({ ...request, topics: allowed });
  const refusals = refused.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: refusedTopic })),
  }));
  return answer && { ...answer, topics: [...answer.topics, ...refusals] };
};

type MetadataRequest = RequestOf<typeof metadata>;
type MetadataTopic = ResponseOf<typeof metadata>["topics"][number];

/** What may not be described is not told of, or is refused where it is asked for by name. */
const passMetadata: Gate<typeof metadata> = async ({ request, context, access, next }) => {
  const mayDescribe = (name: string | null): boolean => name === null || access.may("Describe", "Topic", name);
  const isAll = request.topics === null || (context.apiVersion === 0 && request.topics.length === 0);
  const { allowed, refused } = split(request.topics ?? [], ({ name }) => mayDescribe(name));
  const mayCreateAny = access.may("Create", "Cluster", clusterName);
  const { allowed: creatable, refused: uncreatable } = split(allowed, ({ name }) => {
    return mayCreateAny || name === null || access.may("Create", "Topic", name);
  });
  const answer = await next(isAll ? request : { ...request, topics: creatable });
  if (answer === undefined) return undefined;
  const found = [...answer.topics, ...(await describeOnly(request, uncreatable, next))].flatMap((topic) => {
    if (mayDescribe(topic.name)) return [topic];
    // By name none was asked for that may not be described: this one was found by its id, or among all.
    return isAll ? [] : [{ ...refusalOf(null), topicId: topic.topicId }];
  });
  const topics = [...found, ...refused.map(({ name }) => refusalOf(name))];
  return {
    ...answer,
    topics: request.includeTopicAuthorizedOperations ? topics.map((topic) => withOperations(topic, access)) : topics,
    ...(request.includeClusterAuthorizedOperations ? { clusterAuthorizedOperations: ofCluster(access) } : {}),
  };
};

/** Of topics that the client may not create: what is not there it is refused, as if it were. */
async function describeOnly(
  request: MetadataRequest,
  topics: NonNullable<MetadataRequest["topics"]>,
  next: (request: MetadataRequest) => Promise<ResponseOf<typeof metadata> | undefined>,
): Promise<readonly MetadataTopic[]> {
  if (topics.length === 0) return [];
  const answer = await next({ ...request, topics, allowAutoTopicCreation: false });
  const isUnknown = ({ errorCode }: MetadataTopic): boolean => errorCode === unknownTopic;
  const mayCreate = request.allowAutoTopicCreation;
  return (answer?.topics ?? []).map((topic) => (mayCreate && isUnknown(topic) ? refusalOf(topic.name) : topic));
}

const unknownTopic = 3;

/** Versions without null have an empty name. */
function refusalOf(name: string | null): MetadataTopic {
  return { errorCode: refusedTopic, name: name ?? "", topicId: zeroUuid, partitions: [] };
}

function withOperations(topic: MetadataTopic, access: Access): MetadataTopic {
  if (topic.errorCode !== securityError.NONE || topic.name === null) return topic;
  return { ...topic, topicAuthorizedOperations: access.operationsOf("Topic", topic.name) };
}

function ofCluster(access: Access): number {
  return access.may("Describe", "Cluster", clusterName) ? access.operationsOf("Cluster", clusterName) : 0;
}

const passInitProducerId: Gate<typeof initProducerId> = async ({ request, access, next }) => {
  const { transactionalId } = request;
  if (transactionalId !== null) {
    if (access.may("Write", "TransactionalId", transactionalId)) return next(request);
    return { throttleTimeMs: 0, errorCode: securityError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED };
  }
  // Whoever may write to some topic may do so idempotently (KIP-679).
  if (access.may("IdempotentWrite", "Cluster", clusterName) || access.mayAny("Write", "Topic")) return next(request);
  return { throttleTimeMs: 0, errorCode: securityError.CLUSTER_AUTHORIZATION_FAILED };
};

function producedBytes({ topicData }: RequestOf<typeof produce>): number {
  return sumOf(topicData, ({ partitionData }) => sumOf(partitionData, ({ records }) => records?.length ?? 0));
}

function fetchedBytes(_request: RequestOf<typeof fetch>, answer: ResponseOf<typeof fetch> | undefined): number {
  return sumOf(answer?.responses ?? [], ({ partitions }) =>
    sumOf(partitions, ({ records }) => sumOf(records ?? [], ({ length }) => length)),
  );
}

function sumOf<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}

function throttled<Response>(answer: Response, throttleTimeMs: number): Response {
  return { ...answer, throttleTimeMs };
}

export const topicGates: readonly GateEntry[] = [
  gate(produce, counted("producer_byte_rate", producedBytes, throttled, passProduce)),
  gate(fetch, counted("consumer_byte_rate", fetchedBytes, throttled, passFetch)),
  gate(listOffsets, passListOffsets),
  gate(metadata, passMetadata),
  gate(initProducerId, passInitProducerId),
];
