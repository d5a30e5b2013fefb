/** What a group is to those who ask for it: without members whose session is over, whoever removes them. */
import { advancedInMemory } from "../groups/advance-classic.ts";
import { type ClassicMember, type ClassicState, metadataOf, noBytes, sessionEndMs } from "../groups/classic-state.ts";
import {
  consumerProtocolType,
  decodeConsumerAssignment,
  decodeConsumerSubscription,
} from "../groups/consumer-protocol.ts";
import { type Member, settlementOf } from "../groups/group-state.ts";
import type { GroupAsRead, GroupItems } from "./group-items.ts";
import { namedPartitions, topicIdsOf } from "./group-members.ts";
import { settledInMemory } from "./group-settler.ts";
import type { ClassicGroupMember, GroupDescription, GroupMember, GroupName } from "./groups.ts";

export function descriptionOf(items: GroupItems, { group }: GroupName, read: GroupAsRead): GroupDescription {
  const { classic, attributes } = read;
  if (classic !== undefined) {
    return { group, ...classicDescription(advancedInMemory(classic, items.classicMoment(attributes)), items, read) };
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

function classicDescription(
  state: ClassicState,
  items: GroupItems,
  { attributes }: GroupAsRead,
): Omit<GroupDescription, "group"> {
  const { phase, generation, protocolType, protocolName } = state;
  const moment = items.classicMoment(attributes);
  const isShown = phase === "Stable" && protocolType === consumerProtocolType;
  const memberOf = (member: ClassicMember): GroupMember => {
    const { memberId, instanceId, clientId, sessionTimeoutMs } = member;
    const assignment = isShown ? decodeConsumerAssignment(member.assignment) : [];
    return {
      memberId,
      memberEpoch: generation,
      topics: isShown ? decodeConsumerSubscription(metadataOf(member, protocolName)) : [],
      assignment,
      target: assignment,
      assignmentTopicIds: [],
      targetTopicIds: [],
      sessionTimeoutMs,
      leaseExpiresAtMs: sessionEndMs(state, member, moment) ?? moment.nowMs + sessionTimeoutMs,
      clientId,
      clientHost: member.clientHost,
      ...(instanceId === undefined ? {} : { instanceId }),
    };
  };
  const members = [...state.members.values()];
  return {
    type: "classic",
    protocolType,
    state: phase,
    members: members.length,
    groupEpoch: generation,
    assignor: protocolName,
    memberList: members.map(memberOf),
    classicMembers: members.map((member): ClassicGroupMember => ({
      metadata: phase === "Stable" ? metadataOf(member, protocolName) : noBytes,
      assignment: phase === "Stable" ? member.assignment : noBytes,
    })),
  };
}

/** Names of the topics that a group's members read, as far as they say. */
export function subscribedTopicsOf({ state, classic }: GroupAsRead): ReadonlySet<string> {
  const names = new Set(state.topics.flatMap(({ name, live }) => (live ? [name] : [])));
  if (classic?.protocolType !== consumerProtocolType) return names;
  for (const { protocols } of classic.members.values()) {
    for (const { metadata } of protocols) for (const name of decodeConsumerSubscription(metadata)) names.add(name);
  }
  return names;
}
