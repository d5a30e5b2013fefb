/** Share groups (KIP-932): records of topics as a queue. */
import * as z from "zod";
import { fetchBytesDefault, fetchBytesMax, fetchWaitMsMax } from "../../limits.ts";
import { acquireRecordsDefault } from "../../limits/group-requests.ts";
import {
  shareAcknowledgementsMax,
  shareAcquireRecordsMax,
  shareAcquireTopicsMax,
  shareMemberIdCharsMax,
  shareRedriveRecordsMax,
} from "../../limits/share-groups.ts";
import { count, int32Max, namespaceName, nextToken, partError, text, topicName } from "./common.ts";
import { fetchedRecord } from "./fetch.ts";
import { groupId } from "./groups.ts";

export const topicGroupParams = z.strictObject({ namespace: namespaceName, topic: topicName, group: groupId });

const configFields = {
  lockMs: z.int().meta({
    description:
      "How long a record is a worker's, ms: 1,000 to 3,600,000, default 30,000 (share.record.lock.duration.ms).",
  }),
  deliveriesMax: z.int().meta({
    description: "Deliveries of a record until it is given up: 1 to 100, default 5 (share.delivery.count.limit).",
  }),
  deadLetterTopic: z.string().optional().meta({
    description:
      "Where records go that were delivered too often or rejected; without it they are dropped. Empty: none.",
  }),
  startAt: z
    .enum(["earliest", "latest"])
    .meta({ description: "Where the group begins in a partition that is new to it; default latest." }),
  isolation: z.enum(["read_uncommitted", "read_committed"]).meta({ description: "Default read_uncommitted." }),
};

/** What is left out stays as it is. Numbers out of their bounds are the service's to refuse: INVALID_CONFIG. */
export const configureShareGroupBody = z.strictObject({ config: z.strictObject(configFields).partial() });

const shareGroupConfig = z.object(configFields).meta({ id: "ShareGroupConfig" });

export const configureShareGroupAnswer = z.object({ config: shareGroupConfig });

const memberId = text
  .min(1)
  .max(shareMemberIdCharsMax)
  .meta({
    description: "Chosen by the worker; the same in its acknowledgements.",
    examples: ["worker-1"],
  });

const acquireFields = {
  memberId,
  maxRecords: z.int().min(1).max(shareAcquireRecordsMax).default(acquireRecordsDefault),
  maxBytes: z.int().min(1).max(fetchBytesMax).default(fetchBytesDefault),
  waitMs: z
    .int()
    .min(0)
    .max(fetchWaitMsMax)
    .default(0)
    .meta({ description: "Wait so long for records if there are none." }),
};

export const acquireRecordsBody = z.strictObject({
  topics: z.array(topicName).min(1).max(shareAcquireTopicsMax),
  ...acquireFields,
});
export const acquireTopicRecordsBody = z.strictObject(acquireFields);

export const acquireRecordsAnswer = z.object({
  records: z.array(
    z
      .object({
        topic: z.string(),
        partition: count,
        deliveryCount: count.meta({ description: "1 the first time." }),
        ...fetchedRecord.shape,
      })
      .meta({ id: "AcquiredRecord" }),
  ),
  lockMs: count.meta({
    description: "How long the records are the worker's, from the answer on; `renew` begins it anew.",
  }),
});

const acknowledgeTypes = ["accept", "release", "reject", "renew"] as const;

const acknowledgementFields = {
  partition: z.int().min(0).max(int32Max),
  firstOffset: count,
  lastOffset: count.meta({ description: "Inclusive." }),
  type: z.enum(acknowledgeTypes).meta({
    description:
      "accept: handled. release: to be delivered again. reject: never to be delivered again. renew: still at work on it.",
  }),
};

const acknowledgement = z.strictObject({ topic: topicName, ...acknowledgementFields }).meta({ id: "Acknowledgement" });
const topicAcknowledgement = z.strictObject(acknowledgementFields).meta({ id: "TopicAcknowledgement" });

export const acknowledgeRecordsBody = z.strictObject({
  memberId,
  acknowledgements: z.array(acknowledgement).min(1).max(shareAcknowledgementsMax),
});
export const acknowledgeTopicRecordsBody = z.strictObject({
  memberId,
  acknowledgements: z.array(topicAcknowledgement).min(1).max(shareAcknowledgementsMax),
});

/** One result per acknowledgement, in their order. */
export const acknowledgeRecordsAnswer = z.object({
  results: z.array(
    z
      .object({
        topic: z.string(),
        partition: count,
        firstOffset: count,
        lastOffset: count,
        type: z.enum(acknowledgeTypes),
        error: partError.optional().meta({
          description:
            "INVALID_RECORD_STATE: a record of the range is not, or no longer, the worker's; nothing of the range was changed.",
        }),
      })
      .meta({ id: "AcknowledgeResult" }),
  ),
});

export const listShareGroupsAnswer = z.object({
  groups: z.array(z.object({ group: z.string() }).meta({ id: "ShareGroupSummary" })),
  nextToken,
});

export const describeShareGroupAnswer = z.object({
  group: z.string(),
  config: shareGroupConfig,
  partitions: z.array(
    z
      .object({
        topic: z.string(),
        partition: count,
        startOffset: count.meta({ description: "Every record before it is dealt with." }),
        acquired: count.meta({ description: "Records that are acquired now." }),
        available: count.meta({ description: "Records that wait to be delivered again." }),
        lag: count.meta({ description: "Records that are not dealt with." }),
      })
      .meta({ id: "SharePartition" }),
  ),
});

export const redriveRecordsBody = z.strictObject({
  maxRecords: z.int().min(1).max(shareRedriveRecordsMax).default(shareRedriveRecordsMax),
});

export const redriveRecordsAnswer = z.object({
  redriven: count,
  more: z.boolean().meta({ description: "The dead-letter topic has more of them." }),
});

export type ConfigureShareGroupAnswer = z.infer<typeof configureShareGroupAnswer>;
export type AcquireRecordsAnswer = z.infer<typeof acquireRecordsAnswer>;
export type DescribeShareGroupAnswer = z.infer<typeof describeShareGroupAnswer>;
