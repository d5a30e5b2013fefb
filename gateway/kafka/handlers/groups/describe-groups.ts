import { ServiceError } from "../../../../shared/api/errors.ts";
import type { GroupDescription } from "../../../../shared/services/groups.ts";
import { distinct } from "../../distinct.ts";
import { kafkaError } from "../../error-codes.ts";
import type { Handler, RequestContext } from "../../handler.ts";
import { inOrder } from "../../in-order.ts";
import type { describeGroups } from "../../protocol/apis/describe-groups.ts";
import { groupErrorOf } from "./group-failure.ts";

const noBytes = new Uint8Array(0);
const nothing = { groupState: "", protocolType: "", protocolData: "", members: [] };

export const handleDescribeGroups: Handler<typeof describeGroups> = async (request, context) => ({
  throttleTimeMs: 0,
  groups: await inOrder(distinct(request.groups, String), (groupId) => describe(groupId, context)),
});

async function describe(groupId: string, context: RequestContext) {
  const { services, namespace } = context.gateway;
  try {
    const group = await services.groups.describe({ namespace, group: groupId });
    // As in Kafka one of the other type is asked for by ConsumerGroupDescribe.
    if (!isClassic(group)) return missing(groupId, `Group ${groupId} is not a classic group.`, context);
    return {
      errorCode: kafkaError.NONE,
      groupId,
      groupState: group.state,
      protocolType: group.protocolType,
      protocolData: group.state === "Stable" ? group.assignor : "",
      members: membersOf(group),
    };
  } catch (error) {
    const isMissing = error instanceof ServiceError && error.code === "GROUP_ID_NOT_FOUND";
    if (isMissing) return missing(groupId, `Group ${groupId} not found.`, context);
    return { ...nothing, groupId, errorCode: groupErrorOf(error, context) };
  }
}

/** Before v6 a group that is not there is a dead one. */
function missing(groupId: string, errorMessage: string, { apiVersion }: RequestContext) {
  const errorCode = apiVersion < 6 ? kafkaError.NONE : kafkaError.GROUP_ID_NOT_FOUND;
  return { ...nothing, groupId, errorCode, errorMessage, groupState: "Dead" };
}

/** Also one that only keeps offsets: nobody has ever joined it. */
export function isClassic({ type, protocolType }: Pick<GroupDescription, "type" | "protocolType">): boolean {
  return type === "classic" || protocolType === "";
}

function membersOf({ memberList, classicMembers = [] }: GroupDescription) {
  return memberList.map(({ memberId, instanceId, clientId, clientHost }, index) => ({
    memberId,
    groupInstanceId: instanceId ?? null,
    clientId: clientId ?? "",
    clientHost: clientHost ?? "",
    memberMetadata: classicMembers[index]?.metadata ?? noBytes,
    memberAssignment: classicMembers[index]?.assignment ?? noBytes,
  }));
}
