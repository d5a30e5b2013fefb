import { errorTable } from "../../../../shared/api/errors.ts";
import { kafkaError } from "../../error-codes.ts";
import type { Handler } from "../../handler.ts";
import type { leaveGroup } from "../../protocol/apis/leave-group.ts";
import { groupErrorOf } from "./group-failure.ts";

/** From here on several members leave at once, each with its own outcome (KIP-345). */
const severalSince = 3;

export const handleLeaveGroup: Handler<typeof leaveGroup> = async (request, context) => {
  const { services, namespace } = context.gateway;
  const isOne = context.apiVersion < severalSince;
  const leaving = isOne ? [{ memberId: request.memberId, groupInstanceId: null }] : request.members;
  try {
    const left = await services.classicGroups.leave({
      namespace,
      group: request.groupId,
      members: leaving.map(({ memberId, groupInstanceId }) => ({
        memberId,
        ...(groupInstanceId === null ? {} : { instanceId: groupInstanceId }),
      })),
    });
    const codes = left.map((refused) =>
      refused === undefined ? kafkaError.NONE : errorTable[refused.error.code].kafka,
    );
    if (isOne) return { throttleTimeMs: 0, errorCode: codes[0] ?? kafkaError.NONE };
    const members = leaving.map(({ memberId, groupInstanceId }, index) => ({
      memberId,
      groupInstanceId,
      errorCode: codes[index] ?? kafkaError.NONE,
    }));
    return { throttleTimeMs: 0, errorCode: kafkaError.NONE, members };
  } catch (error) {
    return { throttleTimeMs: 0, errorCode: groupErrorOf(error, context) };
  }
};
