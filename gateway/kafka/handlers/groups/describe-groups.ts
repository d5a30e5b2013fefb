import { ServiceError } from "../../../../shared/api/errors.ts";
import type { GroupDescription } from "../../../../shared/services/groups.ts";
import { kafkaError } from "../../error-codes.ts";
import type { Handler, RequestContext } from "../../handler.ts";
import { inOrder } from "../../in-order.ts";
import type { describeGroups } from "../../protocol/apis/describe-groups.ts";
import { groupErrorOf } from "./group-failure.ts";

const noBytes = new Uint8Array(0);

export const handleDescribeGroups: Handler<typeof describeGroups> = async (request, context) => ({
  throttleTimeMs: 0,
  groups: await inOrder(request.groups, (groupId) => describe(groupId, context)),
});

async function describe(groupId: string, context: RequestContext) {
  const { services, namespace } = context.gateway;
  const nothing = { groupId, groupState: "", protocolType: "", protocolData: "", members: [] };
  try {
    const group = await services.groups.describe({ namespace, group: groupId });
    // As in Kafka one of the other type is asked for by ConsumerGroupDescribe.
    if (!isClassic(group)) return { ...nothing, errorCode: kafkaError.NONE, groupState: "Dead" };
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
    if (isMissing) return { ...nothing, errorCode: kafkaError.NONE, groupState: "Dead" };
    return { ...nothing, errorCode: groupErrorOf(error, context) };
  }
}

/** Also one that only keeps offsets: nobody has ever joined it. */
export function isClassic({ type, protocolType }: Pick<GroupDescription, "type" | "protocolType">): boolean {
  return type === "classic" || protocolType === "";
}

function membersOf({ memberList, classicMembers = [] }: GroupDescription) {
  return memberList.map(({ memberId, instanceId, clientId }, index) => ({
    memberId,
    groupInstanceId: instanceId ?? null,
    clientId: clientId ?? "",
    clientHost: classicMembers[index]?.clientHost ?? "",
    memberMetadata: classicMembers[index]?.metadata ?? noBytes,
    memberAssignment: classicMembers[index]?.assignment ?? noBytes,
  }));
}
