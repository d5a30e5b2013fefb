/** What each route of share groups takes and answers, by the key of `routes.ts`. */
import type { Operation } from "../operation.ts";
import type { OperationId } from "../routes.ts";
import { namespaceParams, noQuery, pageQuery } from "../schemas/common.ts";
import { groupParams } from "../schemas/groups.ts";
import * as shares from "../schemas/share-groups.ts";
import { groupNameErrors, presentGroupErrors } from "./shared-errors.ts";

export const operations = {
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
    params: groupParams,
    query: noQuery,
    body: shares.configureShareGroupBody,
    status: 200,
    answer: shares.configureShareGroupAnswer,
    errors: [...groupNameErrors, "INVALID_CONFIG", "INCONSISTENT_GROUP_PROTOCOL"],
  },
  describeShareGroup: {
    summary: "Describe a share group: its configuration, and where it stands in each partition",
    params: groupParams,
    query: noQuery,
    status: 200,
    answer: shares.describeShareGroupAnswer,
    errors: presentGroupErrors,
  },
  deleteShareGroup: {
    summary: "Delete a share group of which no records are acquired",
    params: groupParams,
    query: noQuery,
    status: 204,
    errors: [...presentGroupErrors, "NON_EMPTY_GROUP"],
  },
  acquireRecords: {
    summary: "Acquire records for a time, and wait for some; makes the group if there is none",
    params: groupParams,
    query: noQuery,
    body: shares.acquireRecordsBody,
    status: 200,
    answer: shares.acquireRecordsAnswer,
    errors: [
      ...groupNameErrors,
      "UNKNOWN_TOPIC_OR_PARTITION",
      "INVALID_TOPIC_EXCEPTION",
      "INCONSISTENT_GROUP_PROTOCOL",
    ],
  },
  acknowledgeRecords: {
    summary: "Accept, release, reject or renew acquired records",
    params: groupParams,
    query: noQuery,
    body: shares.acknowledgeRecordsBody,
    status: 200,
    answer: shares.acknowledgeRecordsAnswer,
    errors: presentGroupErrors,
  },
  acquireTopicRecords: {
    summary: "Acquire records of one topic for a time, and wait for some; makes the group if there is none",
    params: shares.topicGroupParams,
    query: noQuery,
    body: shares.acquireTopicRecordsBody,
    status: 200,
    answer: shares.acquireRecordsAnswer,
    errors: [
      ...groupNameErrors,
      "UNKNOWN_TOPIC_OR_PARTITION",
      "INVALID_TOPIC_EXCEPTION",
      "INCONSISTENT_GROUP_PROTOCOL",
    ],
  },
  acknowledgeTopicRecords: {
    summary: "Accept, release, reject or renew acquired records of one topic",
    params: shares.topicGroupParams,
    query: noQuery,
    body: shares.acknowledgeTopicRecordsBody,
    status: 200,
    answer: shares.acknowledgeRecordsAnswer,
    errors: presentGroupErrors,
  },
  redriveRecords: {
    summary: "Send records from the dead-letter topic back to where they came from, each once",
    params: groupParams,
    query: noQuery,
    body: shares.redriveRecordsBody,
    bodyOptional: true,
    status: 200,
    answer: shares.redriveRecordsAnswer,
    errors: [...presentGroupErrors, "INVALID_CONFIG"],
  },
} as const satisfies Partial<Record<OperationId, Operation>>;
