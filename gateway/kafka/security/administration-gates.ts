/** Gates of the APIs that administrate topics and describe the cluster (KafkaApis, ControllerApis). */
import { itemsOf } from "../../../shared/services/pages.ts";
import type { RequestOf, ResponseOf } from "../protocol/api.ts";
import { alterConfigs, incrementalAlterConfigs } from "../protocol/apis/alter-configs.ts";
import { createPartitions } from "../protocol/apis/create-partitions.ts";
import { createTopics } from "../protocol/apis/create-topics.ts";
import { deleteRecords } from "../protocol/apis/delete-records.ts";
import { deleteTopics } from "../protocol/apis/delete-topics.ts";
import { describeCluster } from "../protocol/apis/describe-cluster.ts";
import { describeConfigs } from "../protocol/apis/describe-configs.ts";
import { describeProducers } from "../protocol/apis/describe-producers.ts";
import { describeTopicPartitions } from "../protocol/apis/describe-topic-partitions.ts";
import { listPartitionReassignments } from "../protocol/apis/list-partition-reassignments.ts";
import { offsetForLeaderEpoch } from "../protocol/apis/offset-for-leader-epoch.ts";
import { zeroUuid } from "../protocol/types.ts";
import { type AclOperation, clusterName } from "./acl.ts";
import { type Gate, gate, type GatedCall, type GateEntry, split } from "./gate.ts";
import type { Access } from "./gateway-security.ts";
import { clusterRefusal, groupRefusal, securityError, topicRefusal } from "./security-errors.ts";

const refusedTopic = securityError.TOPIC_AUTHORIZATION_FAILED;

/** Whoever may create anything in the cluster, or that topic. What it is configured with is told who may see that. */
const passCreateTopics: Gate<typeof createTopics> = async ({ request, access, next }) => {
  const mayCreateAny = access.may("Create", "Cluster", clusterName);
  const { allowed, refused } = split(request.topics, ({ name }) => mayCreateAny || access.may("Create", "Topic", name));
  const answer =
    allowed.length > 0 || refused.length === 0 ? await next({ ...request, topics: allowed }) : { topics: [] };
  if (answer === undefined) return undefined;
  const created = answer.topics.map((topic) => {
    if (topic.errorCode !== securityError.NONE || access.may("DescribeConfigs", "Topic", topic.name)) return topic;
    return { ...topic, topicConfigErrorCode: refusedTopic, numPartitions: -1, replicationFactor: -1, configs: null };
  });
  const refusals = refused.map(({ name }) => ({ name, ...topicRefusal, configs: null }));
  return { ...answer, topics: [...created, ...refusals] };
};

type Deletion = RequestOf<typeof deleteTopics>["topics"][number];

/** By its id a topic that may not be described is as one that is not there. */
const passDeleteTopics: Gate<typeof deleteTopics> = async ({ request, context, access, next }) => {
  const { topicIds } = context.gateway;
  const nameOf = async ({ name, topicId }: Deletion): Promise<string | undefined> => {
    return name ?? (await topicIds.nameOf(topicId));
  };
  const names = new Map<Deletion, string | undefined>();
  for (const topic of request.topics) names.set(topic, await nameOf(topic));
  const mayDelete = (name: string | undefined): boolean => name === undefined || access.may("Delete", "Topic", name);
  const byName = split(request.topicNames, mayDelete);
  const byEntry = split(request.topics, (topic) => mayDelete(names.get(topic)));
  if (byName.refused.length === 0 && byEntry.refused.length === 0) return next(request);
  const isLeft = byName.allowed.length + byEntry.allowed.length > 0;
  const left = { ...request, topicNames: byName.allowed, topics: byEntry.allowed };
  const answer = isLeft ? await next(left) : { responses: [] };
  const refusals = byEntry.refused.map((topic) => {
    const { name, topicId } = topic;
    if (name !== null) return { name, topicId: zeroUuid, ...topicRefusal };
    const mayDescribe = access.may("Describe", "Topic", names.get(topic) ?? "");
    return { name: null, topicId, ...(mayDescribe ? topicRefusal : { errorCode: securityError.UNKNOWN_TOPIC_ID }) };
  });
  const named = byName.refused.map((name) => ({ name, topicId: zeroUuid, ...topicRefusal }));
  return answer && { ...answer, responses: [...answer.responses, ...refusals, ...named] };
};

const passCreatePartitions: Gate<typeof createPartitions> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.topics, ({ name }) => access.may("Alter", "Topic", name));
  if (refused.length === 0) return next(request);
  const answer = allowed.length === 0 ? { results: [] } : await next({ ...request, topics: allowed });
  const refusals = refused.map(({ name }) => ({ name, ...topicRefusal }));
  return answer && { ...answer, results: [...answer.results, ...refusals] };
};

const passDeleteRecords: Gate<typeof deleteRecords> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.topics, ({ name }) => access.may("Delete", "Topic", name));
  if (refused.length === 0) return next(request);
  const answer = allowed.length === 0 ? { topics: [] } : await next({ ...request, topics: allowed });
  const refusals = refused.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: refusedTopic })),
  }));
  return answer && { ...answer, topics: [...answer.topics, ...refusals] };
};

/** Numbers of `ConfigResource.Type`. */
const configResource = { topic: 2, group: 32 } as const;

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** Brokers, and whatever else is no topic or group, are the cluster's. */
function mayWithConfigs(access: Access, operation: AclOperation, { resourceType, resourceName }: Resource): boolean {
  if (resourceType === configResource.topic) return access.may(operation, "Topic", resourceName);
  if (resourceType === configResource.group) return access.may(operation, "Group", resourceName);
  return access.may(operation, "Cluster", clusterName);
}

function configRefusal({ resourceType, resourceName }: Resource) {
  const isTopic = resourceType === configResource.topic;
  const refusal = isTopic ? topicRefusal : resourceType === configResource.group ? groupRefusal : clusterRefusal;
  return { resourceType, resourceName, ...refusal };
}

const passDescribeConfigs: Gate<typeof describeConfigs> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.resources, (one) => mayWithConfigs(access, "DescribeConfigs", one));
  if (refused.length === 0) return next(request);
  const answer = allowed.length === 0 ? { results: [] } : await next({ ...request, resources: allowed });
  const refusals = refused.map((one) => ({ ...configRefusal(one), configs: [] }));
  return answer && { ...answer, results: [...answer.results, ...refusals] };
};

const passAlterConfigs: Gate<typeof alterConfigs> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.resources, (one) => mayWithConfigs(access, "AlterConfigs", one));
  if (refused.length === 0) return next(request);
  const answer = allowed.length === 0 ? { responses: [] } : await next({ ...request, resources: allowed });
  return answer && { ...answer, responses: [...answer.responses, ...refused.map(configRefusal)] };
};

const passIncrementalAlterConfigs: Gate<typeof incrementalAlterConfigs> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.resources, (one) => mayWithConfigs(access, "AlterConfigs", one));
  if (refused.length === 0) return next(request);
  const answer = allowed.length === 0 ? { responses: [] } : await next({ ...request, resources: allowed });
  return answer && { ...answer, responses: [...answer.responses, ...refused.map(configRefusal)] };
};

const passOffsetForLeaderEpoch: Gate<typeof offsetForLeaderEpoch> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.topics, ({ topic }) => access.may("Describe", "Topic", topic));
  if (refused.length === 0) return next(request);
  const answer = allowed.length === 0 ? { topics: [] } : await next({ ...request, topics: allowed });
  const refusals = refused.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition }) => ({ partition, errorCode: refusedTopic })),
  }));
  return answer && { ...answer, topics: [...answer.topics, ...refusals] };
};

const passListReassignments: Gate<typeof listPartitionReassignments> = async ({ request, access, next }) => {
  if (access.may("Describe", "Cluster", clusterName)) return next(request);
  return { ...clusterRefusal, topics: [] };
};

/** Everybody may know the cluster; what they may do with it is told who may describe it. */
const passDescribeCluster: Gate<typeof describeCluster> = async ({ request, access, next }) => {
  const answer = await next(request);
  if (answer === undefined || !request.includeClusterAuthorizedOperations) return answer;
  const mayDescribe = access.may("Describe", "Cluster", clusterName);
  return { ...answer, clusterAuthorizedOperations: mayDescribe ? access.operationsOf("Cluster", clusterName) : 0 };
};

type DescribedTopic = ResponseOf<typeof describeTopicPartitions>["topics"][number];

const passDescribeTopicPartitions: Gate<typeof describeTopicPartitions> = async (call) => {
  const { request, access, next } = call;
  const isAll = request.topics.length === 0;
  const asked = isAll ? await allTopics(call) : request.topics;
  const { allowed, refused: hidden } = split(asked, ({ name }) => access.may("Describe", "Topic", name));
  const refused = isAll ? [] : hidden;
  // An empty list would stand for all topics.
  const answer = allowed.length > 0 ? await next({ ...request, topics: allowed }) : { topics: [], nextCursor: null };
  if (answer === undefined) return undefined;
  const withOperations = (topic: DescribedTopic): DescribedTopic => {
    const name = topic.errorCode === securityError.NONE ? topic.name : null;
    return name === null ? topic : { ...topic, topicAuthorizedOperations: access.operationsOf("Topic", name) };
  };
  const refusals = refused.map(({ name }) => ({
    errorCode: refusedTopic,
    name,
    topicId: zeroUuid,
    isInternal: false,
    partitions: [],
  }));
  return { ...answer, topics: [...answer.topics.map(withOperations), ...refusals] };
};

/** Their names, so that none is told that is hidden: where a page ends the next one's first is. */
async function allTopics({ context }: GatedCall<typeof describeTopicPartitions>): Promise<{ readonly name: string }[]> {
  const { services, namespace } = context.gateway;
  const topics = [];
  for await (const { name } of itemsOf((page) => services.topics.list(namespace, page))) topics.push({ name });
  return topics;
}

const passDescribeProducers: Gate<typeof describeProducers> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.topics, ({ name }) => access.may("Read", "Topic", name));
  if (refused.length === 0) return next(request);
  const answer = allowed.length === 0 ? { topics: [] } : await next({ ...request, topics: allowed });
  const refusals = refused.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, ...topicRefusal })),
  }));
  return answer && { ...answer, topics: [...answer.topics, ...refusals] };
};

export const administrationGates: readonly GateEntry[] = [
  gate(createTopics, passCreateTopics),
  gate(deleteTopics, passDeleteTopics),
  gate(createPartitions, passCreatePartitions),
  gate(deleteRecords, passDeleteRecords),
  gate(describeConfigs, passDescribeConfigs),
  gate(alterConfigs, passAlterConfigs),
  gate(incrementalAlterConfigs, passIncrementalAlterConfigs),
  gate(offsetForLeaderEpoch, passOffsetForLeaderEpoch),
  gate(listPartitionReassignments, passListReassignments),
  gate(describeCluster, passDescribeCluster),
  gate(describeTopicPartitions, passDescribeTopicPartitions),
  gate(describeProducers, passDescribeProducers),
];
