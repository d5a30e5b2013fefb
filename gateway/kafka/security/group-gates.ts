/** Gates of the APIs of groups (KafkaApis). */
import type { RequestOf, ResponseOf } from "../protocol/api.ts";
import { consumerGroupDescribe } from "../protocol/apis/consumer-group-describe.ts";
import { consumerGroupHeartbeat } from "../protocol/apis/consumer-group-heartbeat.ts";
import { deleteGroups } from "../protocol/apis/delete-groups.ts";
import { describeGroups } from "../protocol/apis/describe-groups.ts";
import { coordinatorOf, findCoordinator } from "../protocol/apis/find-coordinator.ts";
import { heartbeat } from "../protocol/apis/heartbeat.ts";
import { joinGroup } from "../protocol/apis/join-group.ts";
import { leaveGroup } from "../protocol/apis/leave-group.ts";
import { listGroups } from "../protocol/apis/list-groups.ts";
import { offsetCommit } from "../protocol/apis/offset-commit.ts";
import { offsetDelete } from "../protocol/apis/offset-delete.ts";
import { offsetFetch } from "../protocol/apis/offset-fetch.ts";
import { syncGroup } from "../protocol/apis/sync-group.ts";
import { clusterName } from "./acl.ts";
import { type Gate, gate, type GateEntry, split } from "./gate.ts";
import type { Access } from "./gateway-security.ts";
import { groupRefusal, securityError, topicRefusal } from "./security-errors.ts";

const refusedTopic = securityError.TOPIC_AUTHORIZATION_FAILED;
const refusedGroup = securityError.GROUP_AUTHORIZATION_FAILED;
const refusedTransaction = securityError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED;

/** Up to v3 one key is asked for, from v4 several. */
const passFindCoordinator: Gate<typeof findCoordinator> = async ({ request, context, access, next }) => {
  const isTransaction = request.keyType === coordinatorOf.transaction;
  const errorCode = isTransaction ? refusedTransaction : refusedGroup;
  const mayFind = (key: string): boolean => access.may("Describe", isTransaction ? "TransactionalId" : "Group", key);
  const nowhere = { nodeId: -1, host: "", port: -1 };
  if (context.apiVersion < firstWithKeys) {
    return mayFind(request.key) ? next(request) : { errorCode, ...nowhere };
  }
  const { allowed, refused } = split(request.coordinatorKeys, mayFind);
  if (refused.length === 0) return next(request);
  const answer = allowed.length === 0 ? {} : await next({ ...request, coordinatorKeys: allowed });
  const refusals = refused.map((key) => ({ key, errorCode, ...nowhere }));
  return answer && { ...answer, coordinators: [...(answer.coordinators ?? []), ...refusals] };
};
const firstWithKeys = 4;

const passJoinGroup: Gate<typeof joinGroup> = async ({ request, context, access, next }) => {
  if (access.may("Read", "Group", request.groupId)) return next(request);
  const protocolName = context.apiVersion < firstWithoutProtocol ? "" : null;
  return { errorCode: refusedGroup, protocolName, leader: "", memberId: request.memberId, members: [] };
};
const firstWithoutProtocol = 7;

const passSyncGroup: Gate<typeof syncGroup> = async ({ request, access, next }) => {
  if (access.may("Read", "Group", request.groupId)) return next(request);
  return { errorCode: refusedGroup, assignment: new Uint8Array() };
};

const passHeartbeat: Gate<typeof heartbeat> = async ({ request, access, next }) => {
  return access.may("Read", "Group", request.groupId) ? next(request) : { errorCode: refusedGroup };
};

const passLeaveGroup: Gate<typeof leaveGroup> = async ({ request, access, next }) => {
  return access.may("Read", "Group", request.groupId) ? next(request) : { errorCode: refusedGroup };
};

const passOffsetCommit: Gate<typeof offsetCommit> = async ({ request, access, next }) => {
  const mayCommit = access.may("Read", "Group", request.groupId);
  const { allowed, refused } = split(request.topics, ({ name }) => mayCommit && access.may("Read", "Topic", name));
  if (refused.length === 0 && mayCommit) return next(request);
  const answer = allowed.length === 0 ? { topics: [] } : await next({ ...request, topics: allowed });
  const errorCode = mayCommit ? refusedTopic : refusedGroup;
  const refusals = refused.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }));
  return answer && { ...answer, topics: [...answer.topics, ...refusals] };
};

type OffsetGroup = RequestOf<typeof offsetFetch>["groups"][number];
type AskedTopics = OffsetGroup["topics"];
type AnsweredGroup = NonNullable<ResponseOf<typeof offsetFetch>["groups"]>[number];
type AnsweredTopics = AnsweredGroup["topics"];

/** Up to v7 of one group, from v8 of several. Where all topics are asked for, those that may not be described are left out. */
const passOffsetFetch: Gate<typeof offsetFetch> = async ({ request, context, access, next }) => {
  const mayDescribe = ({ name }: { readonly name: string }): boolean => access.may("Describe", "Topic", name);
  const told = (answered: AnsweredTopics, asked: AskedTopics): AnsweredTopics => {
    const refused = (asked ?? [])
      .filter((topic) => !mayDescribe(topic))
      .map((topic) => refusedOffsets(topic, refusedTopic));
    return [...answered.filter(mayDescribe), ...refused];
  };
  if (context.apiVersion < firstWithGroups) {
    if (!access.may("Describe", "Group", request.groupId)) {
      // v1 has no error of the whole.
      return {
        errorCode: refusedGroup,
        topics: (request.topics ?? []).map((topic) => refusedOffsets(topic, refusedGroup)),
      };
    }
    const topics = request.topics?.filter(mayDescribe) ?? null;
    const isNothingLeft = topics?.length === 0 && request.topics?.length !== 0;
    const answer = isNothingLeft ? { topics: [] } : await next({ ...request, topics });
    return answer && { ...answer, topics: told(answer.topics ?? [], request.topics) };
  }
  const { allowed, refused } = split(request.groups, ({ groupId }) => access.may("Describe", "Group", groupId));
  const asked = allowed.map((group) => ({ ...group, topics: group.topics?.filter(mayDescribe) ?? null }));
  const answer = asked.length === 0 ? { groups: [] } : await next({ ...request, groups: asked });
  const byId = new Map(allowed.map((group) => [group.groupId, group]));
  const groups = (answer?.groups ?? []).map((group) => {
    return { ...group, topics: told(group.topics, byId.get(group.groupId)?.topics ?? null) };
  });
  const refusals = refused.map(({ groupId }) => ({ groupId, topics: [], errorCode: refusedGroup }));
  return answer && { ...answer, groups: [...groups, ...refusals] };
};
const firstWithGroups = 8;

type AskedTopic = NonNullable<AskedTopics>[number];

function refusedOffsets({ name, partitionIndexes }: AskedTopic, errorCode: number) {
  const nothing = { committedOffset: -1, metadata: "", errorCode };
  return { name, partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, ...nothing })) };
}

const passOffsetDelete: Gate<typeof offsetDelete> = async ({ request, access, next }) => {
  if (!access.may("Delete", "Group", request.groupId)) {
    return { errorCode: refusedGroup, throttleTimeMs: 0, topics: [] };
  }
  const { allowed, refused } = split(request.topics, ({ name }) => access.may("Read", "Topic", name));
  if (refused.length === 0) return next(request);
  const none = { errorCode: securityError.NONE, throttleTimeMs: 0, topics: [] };
  const answer = allowed.length === 0 ? none : await next({ ...request, topics: allowed });
  const refusals = refused.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: refusedTopic })),
  }));
  return answer && { ...answer, topics: [...answer.topics, ...refusals] };
};

const passDescribeGroups: Gate<typeof describeGroups> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.groups, (id) => access.may("Describe", "Group", id));
  const isNothingLeft = allowed.length === 0 && refused.length > 0;
  const answer = isNothingLeft ? { throttleTimeMs: 0, groups: [] } : await next({ ...request, groups: allowed });
  const unknown = { groupState: "", protocolType: "", protocolData: "", members: [] };
  const refusals = refused.map((groupId) => ({ groupId, errorCode: refusedGroup, ...unknown }));
  const groups = (answer?.groups ?? []).map((group) => withOperations(group, request, access));
  return answer && { ...answer, groups: [...groups, ...refusals] };
};

const passListGroups: Gate<typeof listGroups> = async ({ request, access, next }) => {
  const answer = await next(request);
  if (answer === undefined || access.may("Describe", "Cluster", clusterName)) return answer;
  return { ...answer, groups: answer.groups.filter(({ groupId }) => access.may("Describe", "Group", groupId)) };
};

const passDeleteGroups: Gate<typeof deleteGroups> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.groupsNames, (id) => access.may("Delete", "Group", id));
  if (refused.length === 0) return next(request);
  const none = { throttleTimeMs: 0, results: [] };
  const answer = allowed.length === 0 ? none : await next({ ...request, groupsNames: allowed });
  const refusals = refused.map((groupId) => ({ groupId, errorCode: refusedGroup }));
  return answer && { ...answer, results: [...answer.results, ...refusals] };
};

/**
 * A member subscribes to topics that it may describe, or to none. A pattern is matched against all topics, by whichever process
 * serves any member of the group: it is for who may describe all.
 */
const passConsumerHeartbeat: Gate<typeof consumerGroupHeartbeat> = async ({ request, access, next }) => {
  const nothing = { throttleTimeMs: 0, memberEpoch: 0, heartbeatIntervalMs: 0 };
  if (!access.may("Read", "Group", request.groupId)) return { ...nothing, ...groupRefusal };
  const names = request.subscribedTopicNames ?? [];
  const hasPattern = (request.subscribedTopicRegex ?? "") !== "";
  const mayMatch = !hasPattern || access.mayAll("Describe", "Topic");
  if (mayMatch && names.every((name) => access.may("Describe", "Topic", name))) return next(request);
  return { ...nothing, ...topicRefusal };
};

/** A group of whose topics one may not be described is not told of. */
const passConsumerDescribe: Gate<typeof consumerGroupDescribe> = async ({ request, access, next }) => {
  const { allowed, refused } = split(request.groupIds, (id) => access.may("Describe", "Group", id));
  const isNothingLeft = allowed.length === 0 && refused.length > 0;
  const answer = isNothingLeft ? { throttleTimeMs: 0, groups: [] } : await next({ ...request, groupIds: allowed });
  const groups = (answer?.groups ?? []).map((group) => {
    const names = group.members.flatMap(({ assignment, targetAssignment, subscribedTopicNames }) => [
      ...subscribedTopicNames,
      ...[assignment, targetAssignment].flatMap(({ topicPartitions }) => topicPartitions.map((one) => one.topicName)),
    ]);
    if (names.every((name) => access.may("Describe", "Topic", name))) return withOperations(group, request, access);
    return { ...unknownGroup, groupId: group.groupId, ...topicRefusal };
  });
  const refusals = refused.map((groupId) => ({ ...unknownGroup, groupId, ...groupRefusal }));
  return answer && { ...answer, groups: [...groups, ...refusals] };
};
const unknownGroup = { groupState: "", groupEpoch: 0, assignmentEpoch: 0, assignorName: "", members: [] };

function withOperations<Group extends { readonly groupId: string; readonly errorCode: number }>(
  group: Group,
  { includeAuthorizedOperations }: { readonly includeAuthorizedOperations: boolean },
  access: Access,
): Group {
  if (!includeAuthorizedOperations || group.errorCode !== securityError.NONE) return group;
  return { ...group, authorizedOperations: access.operationsOf("Group", group.groupId) };
}

export const groupGates: readonly GateEntry[] = [
  gate(findCoordinator, passFindCoordinator),
  gate(joinGroup, passJoinGroup),
  gate(syncGroup, passSyncGroup),
  gate(heartbeat, passHeartbeat),
  gate(leaveGroup, passLeaveGroup),
  gate(offsetCommit, passOffsetCommit),
  gate(offsetFetch, passOffsetFetch),
  gate(offsetDelete, passOffsetDelete),
  gate(describeGroups, passDescribeGroups),
  gate(listGroups, passListGroups),
  gate(deleteGroups, passDeleteGroups),
  gate(consumerGroupHeartbeat, passConsumerHeartbeat),
  gate(consumerGroupDescribe, passConsumerDescribe),
];
