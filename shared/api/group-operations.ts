/** What each route of groups and share groups takes and answers, by the key of `routes.ts`. */
import type { Operation } from "./operation.ts";
import { namespaceParams, noQuery, pageQuery } from "./schemas/common.ts";
import * as groups from "./schemas/groups.ts";
import * as shares from "./schemas/share-groups.ts";

const nameErrors = ["UNKNOWN_NAMESPACE", "INVALID_GROUP_ID"] as const;
const knownErrors = [...nameErrors, "GROUP_ID_NOT_FOUND"] as const;
const subscriptionErrors = ["INVALID_REGULAR_EXPRESSION", "INVALID_TOPIC_EXCEPTION"] as const;
const memberErrors = ["UNKNOWN_MEMBER_ID", "FENCED_MEMBER_EPOCH", "STALE_MEMBER_EPOCH"] as const;

const groupOperations = {
  joinGroup: {
    summary: "Join a group, or join again",
    params: groups.groupParams,
    query: noQuery,
    body: groups.joinGroupBody,
    status: 200,
    answer: groups.membershipAnswer,
    errors: [
      ...nameErrors,
      ...subscriptionErrors,
      "GROUP_MAX_SIZE_REACHED",
      "UNRELEASED_INSTANCE_ID",
      "UNSUPPORTED_ASSIGNOR",
      "INVALID_SESSION_TIMEOUT",
      "INCONSISTENT_GROUP_PROTOCOL",
    ],
  },
  heartbeatMember: {
    summary: "Keep a member alive, say what it owns, and hear what it is to own",
    params: groups.memberParams,
    query: noQuery,
    body: groups.memberHeartbeatBody,
    status: 200,
    answer: groups.membershipAnswer,
    errors: [...nameErrors, ...subscriptionErrors, ...memberErrors, "FENCED_INSTANCE_ID"],
  },
  leaveGroup: {
    summary: "Leave a group: the member's partitions go to others at once",
    params: groups.memberParams,
    query: groups.leaveGroupQuery,
    status: 204,
    errors: nameErrors,
  },
  commitOffsets: {
    summary: "Commit offsets",
    params: groups.groupParams,
    query: noQuery,
    body: groups.commitOffsetsBody,
    status: 200,
    answer: groups.commitOffsetsAnswer,
    errors: [...nameErrors, ...memberErrors, "OFFSET_METADATA_TOO_LARGE", "INVALID_COMMIT_OFFSET_SIZE"],
  },
  getGroupOffsets: {
    summary: "Committed offsets with lag, also of partitions that are owned and have none",
    params: groups.groupParams,
    query: groups.getGroupOffsetsQuery,
    status: 200,
    answer: groups.getGroupOffsetsAnswer,
    errors: [...knownErrors, "UNSTABLE_OFFSET_COMMIT"],
  },
  resetGroupOffsets: {
    summary: "Move the offsets of a group that has no members",
    params: groups.groupParams,
    query: noQuery,
    body: groups.resetGroupOffsetsBody,
    status: 200,
    answer: groups.resetGroupOffsetsAnswer,
    errors: [...knownErrors, "NON_EMPTY_GROUP", "UNKNOWN_TOPIC_OR_PARTITION"],
  },
  listGroups: {
    summary: "List groups",
    params: namespaceParams,
    query: pageQuery,
    status: 200,
    answer: groups.listGroupsAnswer,
    errors: ["UNKNOWN_NAMESPACE"],
  },
  describeGroup: {
    summary: "Describe a group and its members",
    params: groups.groupParams,
    query: noQuery,
    status: 200,
    answer: groups.describeGroupAnswer,
    errors: knownErrors,
  },
  deleteGroup: {
    summary: "Delete a group that has no members, and its offsets",
    params: groups.groupParams,
    query: noQuery,
    status: 204,
    errors: [...knownErrors, "NON_EMPTY_GROUP"],
  },
} as const satisfies Record<string, Operation>;

const shareGroupOperations = {
  listShareGroups: {
    summary: "List share groups",
    params: namespaceParams,
    query: pageQuery,
    status: 200,
    answer: shares.listShareGroupsAnswer,
    errors: ["UNKNOWN_NAMESPACE"],
  },
  configureShareGroup: {
    summary: "Configure a share group; makes it if there is none",
    params: groups.groupParams,
    query: noQuery,
    body: shares.configureShareGroupBody,
    status: 200,
    answer: shares.configureShareGroupAnswer,
    errors: [...nameErrors, "INVALID_CONFIG", "INCONSISTENT_GROUP_PROTOCOL"],
  },
  describeShareGroup: {
    summary: "Describe a share group: its configuration, and where it stands in each partition",
    params: groups.groupParams,
    query: noQuery,
    status: 200,
    answer: shares.describeShareGroupAnswer,
    errors: knownErrors,
  },
  deleteShareGroup: {
    summary: "Delete a share group of which no records are acquired",
    params: groups.groupParams,
    query: noQuery,
    status: 204,
    errors: [...knownErrors, "NON_EMPTY_GROUP"],
  },
  acquireRecords: {
    summary: "Acquire records for a time, and wait for some; makes the group if there is none",
    params: groups.groupParams,
    query: noQuery,
    body: shares.acquireRecordsBody,
    status: 200,
    answer: shares.acquireRecordsAnswer,
    errors: [...nameErrors, "UNKNOWN_TOPIC_OR_PARTITION", "INVALID_TOPIC_EXCEPTION", "INCONSISTENT_GROUP_PROTOCOL"],
  },
  acknowledgeRecords: {
    summary: "Accept, release, reject or renew acquired records",
    params: groups.groupParams,
    query: noQuery,
    body: shares.acknowledgeRecordsBody,
    status: 200,
    answer: shares.acknowledgeRecordsAnswer,
    errors: knownErrors,
  },
  redriveRecords: {
    summary: "Send records from the dead-letter topic back to where they came from, each once",
    params: groups.groupParams,
    query: noQuery,
    body: shares.redriveRecordsBody,
    bodyOptional: true,
    status: 200,
    answer: shares.redriveRecordsAnswer,
    errors: [...knownErrors, "INVALID_CONFIG"],
  },
} as const satisfies Record<string, Operation>;

export const groupsOperations = { ...groupOperations, ...shareGroupOperations } as const;
