import type { GroupMember, TopicPartitions } from "../../../../shared/services/groups.ts";
import { distinct } from "../../distinct.ts";
import { kafkaError } from "../../error-codes.ts";
import type { Handler, RequestContext } from "../../handler.ts";
import { inOrder } from "../../in-order.ts";
import type { consumerGroupDescribe } from "../../protocol/apis/consumer-group-describe.ts";
import { clientTopicId } from "./consumer-group-heartbeat.ts";
import { isClassic } from "./describe-groups.ts";
import { groupErrorOf } from "./group-failure.ts";

/** Of members by the consumer protocol; a group has no others. */
const consumerMember = 1;

export const handleConsumerGroupDescribe: Handler<typeof consumerGroupDescribe> = async (request, context) => ({
  throttleTimeMs: 0,
  groups: await inOrder(distinct(request.groupIds, String), (groupId) => describe(groupId, context)),
});

async function describe(groupId: string, context: RequestContext) {
  const { services, namespace } = context.gateway;
  const nothing = { groupId, groupState: "", groupEpoch: 0, assignmentEpoch: 0, assignorName: "", members: [] };
  try {
    const group = await services.groups.describe({ namespace, group: groupId });
    if (isClassic(group)) {
      const errorMessage = `Group ${groupId} is not a consumer group.`;
      return { ...nothing, errorCode: kafkaError.GROUP_ID_NOT_FOUND, errorMessage };
    }
    return {
      errorCode: kafkaError.NONE,
      groupId,
      groupState: group.state,
      groupEpoch: group.groupEpoch,
      // Targets are computed with each change.
      assignmentEpoch: group.groupEpoch,
      assignorName: group.assignor,
      members: group.memberList.map(memberOf),
    };
  } catch (error) {
    return { ...nothing, errorCode: groupErrorOf(error, context) };
  }
}

function memberOf(member: GroupMember) {
  return {
    memberId: member.memberId,
    instanceId: member.instanceId ?? null,
    memberEpoch: member.memberEpoch,
    clientId: member.clientId ?? "",
    // None of one that came by HTTP.
    clientHost: member.clientHost ?? "",
    subscribedTopicNames: member.topics,
    subscribedTopicRegex: member.topicPattern ?? null,
    assignment: { topicPartitions: partitionsOf(member.assignment, member.assignmentTopicIds) },
    targetAssignment: { topicPartitions: partitionsOf(member.target, member.targetTopicIds) },
    memberType: consumerMember,
  };
}

function partitionsOf(assignment: readonly TopicPartitions[], topicIds: readonly string[]) {
  return assignment.map(({ topic: topicName, partitions }, index) => ({
    topicId: clientTopicId(topicIds[index]),
    topicName,
    partitions,
  }));
}
