/** What a request of a classic group's member may hold, as Kafka's errors. The gateway has no schemas, so it is checked here. */
import { ServiceError } from "../api/errors.ts";
import {
  classicAssignmentBytesMax,
  classicLeavesMax,
  classicMetadataBytesMax,
  classicProtocolCharsMax,
  classicProtocolsMax,
} from "../limits/classic-groups.ts";
import {
  clientIdCharsMax,
  groupMembersMax,
  groupSessionTimeoutMsMax,
  groupSessionTimeoutMsMin,
  instanceIdCharsMax,
} from "../limits/groups.ts";
import type { ClassicMemberName, JoinClassicGroup, LeaveClassicGroup, SyncClassicGroup } from "./classic-groups.ts";
import { checkMemberId, checkText, invalid, isWhole } from "./group-checks.ts";

/** @throws ServiceError INVALID_REQUEST | INVALID_SESSION_TIMEOUT */
export function checkClassicJoin(request: JoinClassicGroup): void {
  const { memberId, instanceId, clientId, clientHost, protocolType, protocols, sessionTimeoutMs } = request;
  if (memberId !== undefined) checkMemberId(memberId);
  if (instanceId !== undefined) checkText(instanceId, instanceIdCharsMax, "instanceId");
  for (const text of [clientId, clientHost]) {
    if (text.length > clientIdCharsMax || !text.isWellFormed()) {
      throw invalid(`A client's id and its host have at most ${clientIdCharsMax} characters each`);
    }
  }
  if (protocolType !== "") checkText(protocolType, classicProtocolCharsMax, "protocolType");
  if (protocols.length > classicProtocolsMax) throw invalid(`A member knows at most ${classicProtocolsMax} protocols`);
  let bytes = 0;
  for (const { name, metadata } of protocols) {
    checkText(name, classicProtocolCharsMax, "The name of a protocol");
    bytes += metadata.length;
  }
  if (bytes > classicMetadataBytesMax) {
    throw invalid(`What a member says under its protocols has at most ${classicMetadataBytesMax} bytes`);
  }
  if (!isWhole(sessionTimeoutMs, groupSessionTimeoutMsMin, groupSessionTimeoutMsMax)) {
    const bounds = `from ${groupSessionTimeoutMsMin} to ${groupSessionTimeoutMsMax}`;
    throw new ServiceError("INVALID_SESSION_TIMEOUT", `A session's timeout is ${bounds} ms`);
  }
}

/** @throws ServiceError INVALID_REQUEST */
export function checkClassicSelf({ memberId, instanceId }: ClassicMemberName): void {
  checkMemberId(memberId);
  if (instanceId !== undefined) checkText(instanceId, instanceIdCharsMax, "instanceId");
}

/** @throws ServiceError INVALID_REQUEST */
export function checkClassicSync(request: SyncClassicGroup): void {
  checkClassicSelf(request);
  if (request.assignments.length > groupMembersMax) throw invalid(`A group has at most ${groupMembersMax} members`);
  for (const { assignment } of request.assignments) {
    if (assignment.length <= classicAssignmentBytesMax) continue;
    throw invalid(`A member's assignment has at most ${classicAssignmentBytesMax} bytes`);
  }
}

/** @throws ServiceError INVALID_REQUEST */
export function checkClassicLeave({ members }: LeaveClassicGroup): void {
  if (members.length > classicLeavesMax) throw invalid(`At most ${classicLeavesMax} members leave at once`);
}
