/** What a request about a group may hold, as Kafka's errors. The gateway has no schemas, so it is checked here. */
import { ServiceError } from "../api/errors.ts";
import {
  clientIdCharsMax,
  groupRebalanceTimeoutMsDefault,
  groupRebalanceTimeoutMsMax,
  groupRebalanceTimeoutMsMin,
  groupSessionTimeoutMsDefault,
  groupSessionTimeoutMsMax,
  groupSessionTimeoutMsMin,
  groupTopicsMax,
  instanceIdCharsMax,
  offsetMetadataCharsMax,
} from "../limits/groups.ts";
import {
  memberIdCharsMax,
  requestOffsetsMax,
  requestTopicsMax,
  topicPatternCharsMax,
} from "../limits/group-requests.ts";
import { compilePattern } from "./group-topics.ts";
import type { CommitOffsets, GroupName, JoinGroup, MemberHeartbeat, OffsetToCommit, Subscription } from "./groups.ts";
import { checkTopicName } from "./topic-checks.ts";

/** @throws ServiceError INVALID_REQUEST */
export function checkMemberId(memberId: string): void {
  checkText(memberId, memberIdCharsMax, "memberId");
}

/** @throws ServiceError INVALID_REQUEST | INVALID_SESSION_TIMEOUT | UNSUPPORTED_ASSIGNOR, and as `checkSubscription` */
export function checkJoin(request: JoinGroup): void {
  const { memberId, instanceId, clientId, assignor, sessionTimeoutMs, rebalanceTimeoutMs } = request;
  if (memberId !== undefined) checkMemberId(memberId);
  if (instanceId !== undefined) checkText(instanceId, instanceIdCharsMax, "instanceId");
  if (clientId !== undefined) checkText(clientId, clientIdCharsMax, "clientId");
  checkSubscription(request);
  if ((request.topics ?? []).length === 0 && request.topicPattern === undefined) {
    throw invalid("A member subscribes to topics, to a topicPattern, or to both");
  }
  if (assignor !== undefined && !["uniform", "range"].includes(assignor)) {
    throw new ServiceError("UNSUPPORTED_ASSIGNOR", "assignor is uniform or range");
  }
  const session = sessionTimeoutMs ?? groupSessionTimeoutMsDefault;
  if (!isWhole(session, groupSessionTimeoutMsMin, groupSessionTimeoutMsMax)) {
    throw new ServiceError(
      "INVALID_SESSION_TIMEOUT",
      `sessionTimeoutMs is from ${groupSessionTimeoutMsMin} to ${groupSessionTimeoutMsMax}`,
    );
  }
  const rebalance = rebalanceTimeoutMs ?? groupRebalanceTimeoutMsDefault;
  if (!isWhole(rebalance, groupRebalanceTimeoutMsMin, groupRebalanceTimeoutMsMax)) {
    throw invalid(`rebalanceTimeoutMs is from ${groupRebalanceTimeoutMsMin} to ${groupRebalanceTimeoutMsMax}`);
  }
}

/** @throws ServiceError INVALID_TOPIC_EXCEPTION | INVALID_REGULAR_EXPRESSION | INVALID_REQUEST */
function checkSubscription({ topics = [], topicPattern }: Subscription): void {
  if (topics.length > Math.min(requestTopicsMax, groupTopicsMax)) {
    throw invalid(`A member names at most ${groupTopicsMax} topics`);
  }
  for (const topic of topics) checkTopicName(topic);
  if (topicPattern === undefined) return;
  if (topicPattern.length < 1 || topicPattern.length > topicPatternCharsMax) {
    throw new ServiceError("INVALID_REGULAR_EXPRESSION", `A pattern has 1 to ${topicPatternCharsMax} characters`);
  }
  compilePattern(topicPattern);
}

/** @throws ServiceError INVALID_REQUEST, and as `checkSubscription` */
export function checkHeartbeat(request: MemberHeartbeat): void {
  checkMemberId(request.memberId);
  checkEpoch(request.memberEpoch);
  checkSubscription(request);
  if ((request.owned ?? []).length > groupTopicsMax) throw invalid("owned has too many topics");
}

/** @throws ServiceError INVALID_REQUEST | OFFSET_METADATA_TOO_LARGE */
export function checkCommit({ memberId, memberEpoch, offsets }: Omit<CommitOffsets, keyof GroupName>): void {
  if ((memberId === undefined) !== (memberEpoch === undefined)) {
    throw invalid("memberId and memberEpoch are given both, or neither");
  }
  if (memberId !== undefined) checkMemberId(memberId);
  if (memberEpoch !== undefined) checkEpoch(memberEpoch);
  if (offsets.length > requestOffsetsMax) throw invalid(`A commit holds at most ${requestOffsetsMax} offsets`);
  for (const offset of offsets) checkOffset(offset);
}

function checkOffset({ topic, partition, offset, metadata = "" }: OffsetToCommit): void {
  checkTopicName(topic);
  if (!isWhole(partition, 0, Number.MAX_SAFE_INTEGER)) throw invalid("partition is a whole number from 0");
  if (!isWhole(offset, 0, Number.MAX_SAFE_INTEGER)) throw invalid("offset is a whole number from 0");
  if (metadata.length > offsetMetadataCharsMax) {
    throw new ServiceError("OFFSET_METADATA_TOO_LARGE", `metadata has at most ${offsetMetadataCharsMax} characters`, {
      details: { topic, partition },
    });
  }
  if (!metadata.isWellFormed()) throw invalid("metadata is not well-formed Unicode");
}

function checkEpoch(memberEpoch: number): void {
  if (!isWhole(memberEpoch, 0, Number.MAX_SAFE_INTEGER)) throw invalid("memberEpoch is a whole number from 0");
}

function checkText(text: string, charsMax: number, what: string): void {
  if (!isText(text, charsMax)) throw invalid(`${what} has 1 to ${charsMax} characters, none of control`);
}

function isText(text: string, charsMax: number): boolean {
  return text.length >= 1 && text.length <= charsMax && text.isWellFormed() && !/\p{Cc}/u.test(text);
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

function invalid(message: string): ServiceError {
  return new ServiceError("INVALID_REQUEST", message);
}
