import { kafkaError } from "../../error-codes.ts";
import type { Handler } from "../../handler.ts";
import type { heartbeat } from "../../protocol/apis/heartbeat.ts";
import { groupErrorOf } from "./group-failure.ts";

export const handleHeartbeat: Handler<typeof heartbeat> = async (request, context) => {
  const { groupId: group, generationId: generation, memberId, groupInstanceId } = request;
  const { services, namespace } = context.gateway;
  const self = { namespace, group, memberId, generation };
  try {
    await services.classicGroups.heartbeat({
      ...self,
      ...(groupInstanceId === null ? {} : { instanceId: groupInstanceId }),
    });
    return { throttleTimeMs: 0, errorCode: kafkaError.NONE };
  } catch (error) {
    return { throttleTimeMs: 0, errorCode: groupErrorOf(error, context) };
  }
};
