/** What a group is to those who ask for it: without members whose session is over, whoever removes them. */
import { consumerProtocolType } from "../groups/group-item.ts";
import { type Member, settlementOf } from "../groups/group-state.ts";
import type { GroupAsRead, GroupItems } from "./group-items.ts";
import { namedPartitions, topicIdsOf } from "./group-members.ts";
import { settledInMemory } from "./group-settler.ts";
import type { GroupDescription, GroupMember, GroupName } from "./groups.ts";

export function descriptionOf(items: GroupItems, { group }: GroupName, read: GroupAsRead): GroupDescription {
  const { classic, attributes } = read;
  if (classic !== undefined) {
    return { group, ...items.classicCode().describe(classic, items.classicMoment(attributes)) };
  }
  const moment = items.moment(attributes);
  const state = settledInMemory(read.state, moment);
  const memberOf = (member: Member): GroupMember => {
    const { memberId, instanceId, clientId, clientHost, topicPattern, topics, sessionTimeoutMs } = member;
    return {
      memberId,
      memberEpoch: member.epoch,
      topics,
      assignment: namedPartitions(state, member.assigned),
      target: namedPartitions(state, member.target),
      assignmentTopicIds: topicIdsOf(state, member.assigned),
      targetTopicIds: topicIdsOf(state, member.target),
      sessionTimeoutMs,
      leaseExpiresAtMs: moment.leases.get(memberId) ?? 0,
      ...(topicPattern === undefined ? {} : { topicPattern }),
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(clientId === undefined ? {} : { clientId }),
      ...(clientHost === undefined ? {} : { clientHost }),
    };
  };
  return {
    group,
    type: "consumer",
    // One that only keeps offsets has no kind of members.
    protocolType: read.revision === 0 ? "" : consumerProtocolType,
    state: settlementOf(state),
    members: state.members.size,
    groupEpoch: state.epoch,
    assignor: state.assignor,
    memberList: [...state.members.values()].map(memberOf),
  };
}

/** Names of the topics that a group's members read, as far as they say. */
export function subscribedTopicsOf(items: GroupItems, { state, classic }: GroupAsRead): ReadonlySet<string> {
  if (classic !== undefined) return items.classicCode().subscribedTopicsOf(classic);
  return new Set(state.topics.flatMap(({ name, live }) => (live ? [name] : [])));
}
