import type { GroupSummary } from "../../../../shared/services/groups.ts";
import { itemsOf } from "../../../../shared/services/pages.ts";
import { kafkaError } from "../../error-codes.ts";
import type { Handler } from "../../handler.ts";
import type { listGroups } from "../../protocol/apis/list-groups.ts";
import { isClassic } from "./describe-groups.ts";
import { groupErrorOf } from "./group-failure.ts";

export const handleListGroups: Handler<typeof listGroups> = async ({ statesFilter, typesFilter }, context) => {
  const { services, namespace } = context.gateway;
  const [states, types] = [statesFilter, typesFilter].map((filter) => new Set(filter.map((one) => one.toLowerCase())));
  const groups = [];
  try {
    for await (const group of itemsOf((page) => services.groups.list(namespace, page))) {
      const listed = listedOf(group);
      const isAsked = passes(states, listed.groupState) && passes(types, listed.groupType);
      if (isAsked) groups.push(listed);
    }
    return { throttleTimeMs: 0, errorCode: kafkaError.NONE, groups };
  } catch (error) {
    return { throttleTimeMs: 0, errorCode: groupErrorOf(error, context), groups: [] };
  }
};

function listedOf(group: GroupSummary) {
  return {
    groupId: group.group,
    protocolType: group.protocolType,
    groupState: group.state as string,
    groupType: isClassic(group) ? "Classic" : "Consumer",
  };
}

/** None stands for all. */
function passes(filter: ReadonlySet<string> | undefined, value: string): boolean {
  return filter === undefined || filter.size === 0 || filter.has(value.toLowerCase());
}
