import type { Assignor, Membership, OwnedPartitions, Subscription } from "../../../../shared/services/groups.ts";
import { znodeChangesDescription } from "../../../../shared/services/znode-changes.ts";
import { failureOf, kafkaError } from "../../error-codes.ts";
import type { Gateway, Handler, RequestContext } from "../../handler.ts";
import { znodeChangesId } from "../../internal-topics.ts";
import type { RequestOf } from "../../protocol/api.ts";
import type { consumerGroupHeartbeat } from "../../protocol/apis/consumer-group-heartbeat.ts";
import { groupErrorOf } from "./group-failure.ts";
import { ToldAssignments } from "./told-assignments.ts";

/** Epochs by which a member says what it wants (KIP-848). */
const joins = 0;
const leaves = -1;
/** A static member goes, and comes back. */
const leavesForNow = -2;

type Request = RequestOf<typeof consumerGroupHeartbeat>;

/** Of each gateway, what its clients were told last. */
const told = new WeakMap<Gateway, ToldAssignments>();

export const handleConsumerGroupHeartbeat: Handler<typeof consumerGroupHeartbeat> = async (request, context) => {
  try {
    const { memberEpoch } = request;
    if (memberEpoch === leaves || memberEpoch === leavesForNow) return await leave(request, context);
    return answerOf(request, context, await (memberEpoch === joins ? join : beat)(request, context));
  } catch (error) {
    const { errorMessage } = failureOf(error, context.gateway.log);
    const errorCode = groupErrorOf(error, context);
    return { throttleTimeMs: 0, errorCode, errorMessage, memberEpoch: 0, heartbeatIntervalMs: 0 };
  }
};

async function leave({ groupId: group, memberId, memberEpoch }: Request, { gateway }: RequestContext) {
  const { services, namespace } = gateway;
  await services.groups.leave({ namespace, group, memberId, forever: memberEpoch === leaves });
  toldBy(gateway).forget(group, memberId);
  return { throttleTimeMs: 0, errorCode: kafkaError.NONE, memberId, memberEpoch, heartbeatIntervalMs: 0 };
}

async function join(request: Request, { gateway, clientId, peer }: RequestContext): Promise<Membership> {
  const { groupId: group, memberId, instanceId, serverAssignor, rebalanceTimeoutMs } = request;
  return await gateway.services.groups.join({
    namespace: gateway.namespace,
    group,
    clientHost: `/${peer.host}`,
    ...subscriptionOf(request),
    ...(memberId === "" ? {} : { memberId }),
    ...(instanceId === null ? {} : { instanceId }),
    // The service refuses other names, by Kafka's error.
    ...(serverAssignor === null ? {} : { assignor: serverAssignor as Assignor }),
    ...(rebalanceTimeoutMs < 0 ? {} : { rebalanceTimeoutMs }),
    ...(clientId === "" ? {} : { clientId }),
  });
}

async function beat(request: Request, { gateway }: RequestContext): Promise<Membership> {
  const { groupId: group, memberId, memberEpoch, topicPartitions } = request;
  return await gateway.services.groups.heartbeat({
    namespace: gateway.namespace,
    group,
    memberId,
    memberEpoch,
    ...subscriptionOf(request),
    ...(topicPartitions === null ? {} : { owned: topicPartitions.map(ownedOf) }),
  });
}

/** An empty pattern is none. */
function subscriptionOf({ subscribedTopicNames: names, subscribedTopicRegex: pattern }: Request): Subscription {
  if (names === null && pattern === null) return {};
  return { topics: names ?? [], ...(pattern === null || pattern === "" ? {} : { topicPattern: pattern }) };
}

function ownedOf({ topicId, partitions }: NonNullable<Request["topicPartitions"]>[number]): OwnedPartitions {
  return { topicId: topicId === znodeChangesId ? znodeChangesDescription.topicId : topicId, partitions };
}

/** Ids as clients know them. */
export function clientTopicId(topicId: string | undefined): string {
  if (topicId === undefined) throw new Error("a topic is assigned without its id");
  return topicId === znodeChangesDescription.topicId ? znodeChangesId : topicId;
}

function answerOf(request: Request, { gateway }: RequestContext, membership: Membership) {
  const { memberId, memberEpoch, heartbeatIntervalMs, assignment, assignmentTopicIds } = membership;
  const topicPartitions = assignment.map(({ partitions }, index) => ({
    topicId: clientTopicId(assignmentTopicIds[index]),
    partitions,
  }));
  const isNew = toldBy(gateway).tell(request.groupId, memberId, JSON.stringify([memberEpoch, topicPartitions]));
  return {
    throttleTimeMs: 0,
    errorCode: kafkaError.NONE,
    memberId,
    memberEpoch,
    heartbeatIntervalMs,
    assignment: isNew || saysAll(request) ? { topicPartitions } : null,
  };
}

/** A member that joins, or whose last answer was lost. */
function saysAll({ memberEpoch, rebalanceTimeoutMs, topicPartitions, ...request }: Request): boolean {
  const subscribes = request.subscribedTopicNames !== null || request.subscribedTopicRegex !== null;
  return memberEpoch === joins || (rebalanceTimeoutMs >= 0 && subscribes && topicPartitions !== null);
}

function toldBy(gateway: Gateway): ToldAssignments {
  const known = told.get(gateway) ?? new ToldAssignments();
  told.set(gateway, known);
  return known;
}
