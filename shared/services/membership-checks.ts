/** What a request of a group's member may hold, as Kafka's errors. The gateway has no schemas, so it is checked here. */
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
} from "../limits/groups.ts";
import { requestTopicsMax, topicPatternCharsMax } from "../limits/group-requests.ts";
import { checkEpoch, checkMemberId, checkText, invalid, isWhole } from "./group-checks.ts";
import type { JoinGroup, MemberHeartbeat, Subscription } from "./groups.ts";
import { checkTopicName } from "./topic-checks.ts";

/** @throws ServiceError INVALID_REQUEST | INVALID_SESSION_TIMEOUT | UNSUPPORTED_ASSIGNOR, and as `checkSubscription` */
export function checkJoin(request: JoinGroup): void {
  const { memberId, instanceId, clientId, clientHost, assignor, sessionTimeoutMs, rebalanceTimeoutMs } = request;
  if (memberId !== undefined) checkMemberId(memberId);
  if (instanceId !== undefined) checkText(instanceId, instanceIdCharsMax, "instanceId");
  if (clientId !== undefined) checkText(clientId, clientIdCharsMax, "clientId");
  if (clientHost !== undefined) checkText(clientHost, clientIdCharsMax, "clientHost");
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

/**
 * Whether the pattern is one is for `GroupTopics.check` to say.
 *
 * @throws ServiceError INVALID_TOPIC_EXCEPTION | INVALID_REGULAR_EXPRESSION | INVALID_REQUEST
 */
function checkSubscription({ topics = [], topicPattern }: Subscription): void {
  if (topics.length > Math.min(requestTopicsMax, groupTopicsMax)) {
    throw invalid(`A member names at most ${groupTopicsMax} topics`);
  }
  for (const topic of topics) checkTopicName(topic);
  if (topicPattern === undefined) return;
  if (topicPattern.length < 1 || topicPattern.length > topicPatternCharsMax) {
    throw new ServiceError("INVALID_REGULAR_EXPRESSION", `A pattern has 1 to ${topicPatternCharsMax} characters`);
  }
}

/** @throws ServiceError INVALID_REQUEST, and as `checkSubscription` */
export function checkHeartbeat(request: MemberHeartbeat): void {
  checkMemberId(request.memberId);
  checkEpoch(request.memberEpoch);
  checkSubscription(request);
  if ((request.owned ?? []).length > groupTopicsMax) throw invalid("owned has too many topics");
}
