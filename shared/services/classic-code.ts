/** All that must be known of classic groups where others are served: read when the first of them is seen. */
import { advance, advancedInMemory } from "../groups/advance-classic.ts";
import { classicChange, classicMomentOf } from "../groups/classic-item.ts";
import {
  type ClassicMember,
  type ClassicMoment,
  type ClassicState,
  metadataOf,
  noBytes,
  sessionEndMs,
} from "../groups/classic-state.ts";
import { decodeConsumerAssignment, decodeConsumerSubscription } from "../groups/consumer-protocol.ts";
import { findProblem } from "../groups/decide-classic.ts";
import { decodeClassic } from "../groups/encode-classic.ts";
import { consumerProtocolType } from "../groups/group-item.ts";
import { classicRefused } from "./classic-refusals.ts";
import type { ClassicGroupMember, CommitOffsets, GroupDescription, GroupMember } from "./groups.ts";

type Committer = Pick<CommitOffsets, "memberId" | "memberEpoch" | "instanceId">;

export type ClassicCode = typeof classicCode;

export const classicCode = {
  decode: decodeClassic,
  change: classicChange,
  momentOf: classicMomentOf,
  advance,
  advancedInMemory,
  checkCommit,
  describe,
  subscribedTopicsOf,
};

/**
 * Why a commit was refused; nothing, if it may be let in at the next try.
 *
 * @throws ServiceError UNKNOWN_MEMBER_ID | FENCED_INSTANCE_ID | ILLEGAL_GENERATION | REBALANCE_IN_PROGRESS
 */
function checkCommit(state: ClassicState, { memberId = "", memberEpoch, instanceId }: Committer): void {
  const code =
    findProblem(state, memberId, instanceId) ??
    (memberEpoch === state.generation ? undefined : "ILLEGAL_GENERATION") ??
    (state.phase === "CompletingRebalance" ? "REBALANCE_IN_PROGRESS" : undefined);
  if (code !== undefined) throw classicRefused(code);
}

function describe(read: ClassicState, moment: ClassicMoment): Omit<GroupDescription, "group"> {
  const state = advancedInMemory(read, moment);
  const { phase, generation, protocolType, protocolName } = state;
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

function subscribedTopicsOf({ protocolType, members }: ClassicState): ReadonlySet<string> {
  if (protocolType !== consumerProtocolType) return new Set();
  const protocols = [...members.values()].flatMap((member) => member.protocols);
  return new Set(protocols.flatMap(({ metadata }) => decodeConsumerSubscription(metadata)));
}
