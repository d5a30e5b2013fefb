import { kafkaError } from "../../error-codes.ts";
import type { Handler, RequestContext } from "../../handler.ts";
import type { RequestOf } from "../../protocol/api.ts";
import type { joinGroup } from "../../protocol/apis/join-group.ts";
import { groupErrorOf } from "./group-failure.ts";

/** From here on a member without an id is given one to join with (KIP-394). */
const requiresIdSince = 4;
/** From here on a static leader that comes back may be told to assign nothing (KIP-814). */
const skipsAssignmentSince = 9;
/** From here on what is not there is null. */
const nullsSince = 7;

type Request = RequestOf<typeof joinGroup>;

export const handleJoinGroup: Handler<typeof joinGroup> = async (request, context) => {
  try {
    return await join(request, context);
  } catch (error) {
    return refusal(request, context, groupErrorOf(error, context));
  }
};

async function join(request: Request, context: RequestContext) {
  const { gateway, apiVersion, clientId, peer, signal } = context;
  const { groupId: group, memberId, groupInstanceId, sessionTimeoutMs, protocolType, protocols } = request;
  const joined = await gateway.services.classicGroups.join({
    namespace: gateway.namespace,
    group,
    clientId,
    clientHost: `/${peer.host}`,
    sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs < 0 ? sessionTimeoutMs : request.rebalanceTimeoutMs,
    protocolType,
    protocols,
    requiresMemberId: apiVersion >= requiresIdSince,
    skipsAssignment: apiVersion >= skipsAssignmentSince,
    signal,
    ...(memberId === "" ? {} : { memberId }),
    ...(groupInstanceId === null ? {} : { instanceId: groupInstanceId }),
  });
  if (joined.kind === "named") {
    return { ...refusal(request, context, kafkaError.MEMBER_ID_REQUIRED), memberId: joined.memberId };
  }
  const { generation, members, ...answer } = joined;
  return {
    throttleTimeMs: 0,
    errorCode: kafkaError.NONE,
    generationId: generation,
    protocolType: answer.protocolType,
    protocolName: answer.protocolName,
    leader: answer.leader,
    skipAssignment: answer.skipAssignment,
    memberId: answer.memberId,
    members: members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId ?? null,
      metadata: member.metadata,
    })),
  };
}

function refusal({ memberId }: Request, { apiVersion }: RequestContext, errorCode: number) {
  const protocolName = apiVersion >= nullsSince ? null : "";
  return { throttleTimeMs: 0, errorCode, protocolName, leader: "", memberId, members: [] };
}
