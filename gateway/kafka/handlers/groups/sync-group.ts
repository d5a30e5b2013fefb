import { kafkaError } from "../../error-codes.ts";
import type { Handler } from "../../handler.ts";
import type { syncGroup } from "../../protocol/apis/sync-group.ts";
import { groupErrorOf } from "./group-failure.ts";

export const handleSyncGroup: Handler<typeof syncGroup> = async (request, context) => {
  const { groupId: group, generationId: generation, memberId, groupInstanceId, assignments } = request;
  const { gateway, signal } = context;
  try {
    const { protocolType, protocolName, assignment } = await gateway.services.classicGroups.sync({
      namespace: gateway.namespace,
      group,
      memberId,
      generation,
      assignments,
      signal,
      ...(groupInstanceId === null ? {} : { instanceId: groupInstanceId }),
      ...(request.protocolType === null ? {} : { protocolType: request.protocolType }),
      ...(request.protocolName === null ? {} : { protocolName: request.protocolName }),
    });
    return { throttleTimeMs: 0, errorCode: kafkaError.NONE, protocolType, protocolName, assignment };
  } catch (error) {
    return { throttleTimeMs: 0, errorCode: groupErrorOf(error, context), assignment: new Uint8Array(0) };
  }
};
