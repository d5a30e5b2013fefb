import { kafkaError } from "../../error-codes.ts";
import type { Handler } from "../../handler.ts";
import { inOrder } from "../../in-order.ts";
import type { deleteGroups } from "../../protocol/apis/delete-groups.ts";
import { groupErrorOf } from "./group-failure.ts";

export const handleDeleteGroups: Handler<typeof deleteGroups> = async ({ groupsNames }, context) => {
  const { services, namespace } = context.gateway;
  const results = await inOrder(groupsNames, async (groupId) => {
    try {
      await services.groups.delete({ namespace, group: groupId });
      return { groupId, errorCode: kafkaError.NONE };
    } catch (error) {
      return { groupId, errorCode: groupErrorOf(error, context) };
    }
  });
  return { throttleTimeMs: 0, results };
};
