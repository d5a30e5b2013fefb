/** What each route of groups takes and answers, by the key of `routes.ts`. */
import type { Operation } from "../operation.ts";
import type { OperationId } from "../routes.ts";
import { namespaceParams, noQuery, pageQuery } from "../schemas/common.ts";
import * as groups from "../schemas/groups.ts";
import { commitErrors, groupNameErrors, presentGroupErrors } from "./shared-errors.ts";

/** A share group may have the name. */
const anyGroupErrors = [...groupNameErrors, "INCONSISTENT_GROUP_PROTOCOL"] as const;
const subscriptionErrors = ["INVALID_REGULAR_EXPRESSION", "INVALID_TOPIC_EXCEPTION"] as const;

export const operations = {
  joinGroup: {
    summary: "Join a group, or join again",
    params: groups.groupParams,
    query: noQuery,
    body: groups.joinGroupBody,
    status: 200,
    answer: groups.membershipAnswer,
    errors: [
      ...anyGroupErrors,
      ...subscriptionErrors,
      "GROUP_MAX_SIZE_REACHED",
      "UNRELEASED_INSTANCE_ID",
      "UNSUPPORTED_ASSIGNOR",
      "INVALID_SESSION_TIMEOUT",
    ],
  },
  heartbeatMember: {
    summary: "Keep a member alive, say what it owns, and hear what it is to own",
    params: groups.memberParams,
    query: noQuery,
    body: groups.memberHeartbeatBody,
    status: 200,
    answer: groups.membershipAnswer,
    errors: [
      ...anyGroupErrors,
      ...subscriptionErrors,
      "UNKNOWN_MEMBER_ID",
      "FENCED_MEMBER_EPOCH",
      "FENCED_INSTANCE_ID",
    ],
  },
  leaveGroup: {
    summary: "Leave a group: the member's partitions go to others at once",
    params: groups.memberParams,
    query: groups.leaveGroupQuery,
    status: 204,
    errors: anyGroupErrors,
  },
  commitOffsets: {
    summary: "Commit offsets",
    params: groups.groupParams,
    query: noQuery,
    body: groups.commitOffsetsBody,
    status: 200,
    answer: groups.commitOffsetsAnswer,
    errors: [...anyGroupErrors, ...commitErrors],
  },
  getGroupOffsets: {
    summary: "Committed offsets with lag, also of partitions that are owned and have none",
    params: groups.groupParams,
    query: groups.getGroupOffsetsQuery,
    status: 200,
    answer: groups.getGroupOffsetsAnswer,
    errors: [...presentGroupErrors, "UNSTABLE_OFFSET_COMMIT"],
  },
  resetGroupOffsets: {
    summary: "Move the offsets of a group that has no members",
    params: groups.groupParams,
    query: noQuery,
    body: groups.resetGroupOffsetsBody,
    status: 200,
    answer: groups.resetGroupOffsetsAnswer,
    errors: [...presentGroupErrors, "NON_EMPTY_GROUP", "UNKNOWN_TOPIC_OR_PARTITION", "INVALID_TOPIC_EXCEPTION"],
  },
  listGroups: {
    summary: "List groups",
    params: namespaceParams,
    query: pageQuery,
    status: 200,
    answer: groups.listGroupsAnswer,
    errors: ["UNKNOWN_NAMESPACE", "BAD_ARGUMENTS"],
  },
  describeGroup: {
    summary: "Describe a group and its members",
    params: groups.groupParams,
    query: noQuery,
    status: 200,
    answer: groups.describeGroupAnswer,
    errors: presentGroupErrors,
  },
  deleteGroup: {
    summary: "Delete a group that has no members, and its offsets",
    params: groups.groupParams,
    query: noQuery,
    status: 204,
    errors: [...presentGroupErrors, "NON_EMPTY_GROUP"],
  },
} as const satisfies Partial<Record<OperationId, Operation>>;
