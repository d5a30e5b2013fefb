/** Consumer groups: members, what they own, and the offsets that they commit. */
import * as z from "zod";
import {
  memberIdCharsMax,
  requestOffsetsMax,
  requestPartitionsMax,
  requestTopicsMax,
  topicPatternCharsMax,
} from "../../limits/group-requests.ts";
import { count, int32Max, namespaceName, nextToken, partError, text, topicName } from "./common.ts";

/** The rules of group ids are the services' to apply. */
export const groupId = z.string().meta({
  description:
    "1 to 249 characters, none of them a slash or a control character; not `.` nor `..`. Otherwise INVALID_GROUP_ID. API Gateway may change " +
    "a path that has `%25` or `%3F` in it.",
  minLength: 1,
  maxLength: 249,
  examples: ["billing"],
});
const memberId = text.min(1).max(memberIdCharsMax);
const memberEpoch = z.int().min(0).max(int32Max);

export const groupParams = z.strictObject({ namespace: namespaceName, group: groupId });
export const memberParams = z.strictObject({ namespace: namespaceName, group: groupId, member: memberId });

const partitionNumber = z.int().min(0).max(int32Max);

/** Some partitions of one topic. */
export const topicPartitions = z
  .strictObject({ topic: topicName, partitions: z.array(partitionNumber).max(requestPartitionsMax) })
  .meta({ id: "TopicPartitions" });
/** The same in an answer. */
export const ownedPartitions = z
  .object({ topic: z.string(), partitions: z.array(count) })
  .meta({ id: "OwnedPartitions" });

const subscription = {
  topics: z.array(topicName).max(requestTopicsMax).optional(),
  topicPattern: text
    .max(topicPatternCharsMax)
    .optional()
    .meta({
      description: "RE2 syntax; must match the whole name. Topics that are made later are picked up.",
      examples: ["orders\\..*"],
    }),
};

const sessionTimeoutMs = count.meta({ description: "How long the member lives without a heartbeat, ms." });

export const joinGroupBody = z.strictObject({
  ...subscription,
  memberId: memberId
    .optional()
    .meta({ description: "Chosen by the client, so that a repeated call joins once; else the service gives one." }),
  instanceId: memberId
    .optional()
    .meta({ description: "A static member (KIP-345): one that comes back under it keeps its partitions." }),
  assignor: text
    .max(64)
    .optional()
    .meta({ description: "`uniform` (balanced and sticky) or `range`; else UNSUPPORTED_ASSIGNOR." }),
  sessionTimeoutMs: z
    .int()
    .min(1)
    .max(int32Max)
    .optional()
    .meta({ description: "How long the member lives without a heartbeat. Out of bounds: INVALID_SESSION_TIMEOUT." }),
  rebalanceTimeoutMs: z
    .int()
    .min(1)
    .max(int32Max)
    .optional()
    .meta({ description: "How long a member may take to give up partitions." }),
  clientId: text.max(memberIdCharsMax).optional(),
});

/** What a member is to do: own exactly `assignment`, and come back after `heartbeatIntervalMs`. */
export const membershipAnswer = z.object({
  memberId: z.string(),
  memberEpoch: count,
  assignment: z
    .array(ownedPartitions)
    .meta({ description: "What the member is to own from now on, and nothing else." }),
  heartbeatIntervalMs: count,
  sessionTimeoutMs,
});

export const memberHeartbeatBody = z.strictObject({
  memberEpoch,
  owned: z
    .array(topicPartitions)
    .max(requestTopicsMax)
    .optional()
    .meta({ description: "What the member owns at this moment; left out, as it was told last." }),
  ...subscription,
});

const flag = z.stringbool({ truthy: ["true"], falsy: ["false"] });

export const leaveGroupQuery = z.strictObject({
  forever: flag.default(false).meta({ description: "A static member gives up its place as well." }),
});

/** Offsets of several partitions. */
export const offsetsToCommit = z
  .array(
    z
      .strictObject({
        topic: topicName,
        partition: partitionNumber,
        offset: count.meta({ description: "The next record to read." }),
        metadata: text.optional().meta({ description: "At most 4,096 characters, else OFFSET_METADATA_TOO_LARGE." }),
      })
      .meta({ id: "OffsetToCommit" }),
  )
  .min(1)
  .max(requestOffsetsMax);

/** Who commits: both or neither. */
export const committer = {
  memberId: memberId.optional().meta({
    description: "With memberEpoch: the member that commits. Without, only a group without members takes offsets.",
  }),
  memberEpoch: memberEpoch.optional(),
};

export const commitOffsetsBody = z.strictObject({ ...committer, offsets: offsetsToCommit });

/** One result per offset, in their order. One partition's failure hides no other's success. */
export const commitOffsetsAnswer = z.object({
  results: z.array(
    z.object({ topic: z.string(), partition: count, error: partError.optional() }).meta({ id: "CommitResult" }),
  ),
});

/** Topic names have no commas. */
const topicList = z
  .string()
  .min(1)
  .transform((names) => names.split(","))
  .pipe(z.array(z.string()).max(requestTopicsMax));

export const getGroupOffsetsQuery = z.strictObject({
  topics: topicList.optional().meta({ description: "Names, joined by commas; else all." }),
  stable: flag
    .default(false)
    .meta({ description: "UNSTABLE_OFFSET_COMMIT while a transaction's offsets are undecided (KIP-447)." }),
});

export const getGroupOffsetsAnswer = z.object({
  offsets: z.array(
    z
      .object({
        topic: z.string(),
        partition: count,
        offset: z.int().min(-1).meta({ description: "-1: nothing is committed." }),
        metadata: z.string(),
        committedAtMs: count.optional(),
        highWatermark: count,
        logStartOffset: count,
        lag: count.meta({
          description: "Records from the committed offset, or from the start of the log where none is.",
        }),
        memberId: z.string().optional().meta({ description: "Who owns the partition, if anyone does." }),
      })
      .meta({ id: "CommittedOffset" }),
  ),
});

export const resetGroupOffsetsBody = z.strictObject({
  to: z.enum(["earliest", "latest", "timestamp", "offset", "shift"]),
  timestampMs: count.optional().meta({ description: "With `timestamp`: to the first record at or after it." }),
  offset: count.optional().meta({ description: "With `offset`." }),
  by: z.int().optional().meta({ description: "With `shift`: from what is committed; negative is back." }),
  topics: z
    .array(
      z
        .strictObject({
          topic: topicName,
          partitions: z.array(partitionNumber).max(requestPartitionsMax).optional().meta({ description: "Else all." }),
        })
        .meta({ id: "TopicToReset" }),
    )
    .max(requestTopicsMax)
    .optional()
    .meta({ description: "Else all that the group has offsets of." }),
  dryRun: z.boolean().default(false).meta({ description: "Only says what it would do." }),
});

export const resetGroupOffsetsAnswer = z.object({
  results: z.array(
    z
      .object({
        topic: z.string(),
        partition: count,
        from: z.int().min(-1).meta({ description: "What was committed before; -1 if nothing was." }),
        to: count.meta({ description: "Within the log: an offset outside of it becomes its nearer end." }),
      })
      .meta({ id: "ResetResult" }),
  ),
});

const groupSummary = z
  .object({
    group: z.string(),
    type: z.enum(["consumer", "classic"]).meta({
      description: "`classic`: of Kafka's protocol before KIP-848, whose members come through a gateway.",
    }),
    state: z.enum(["Empty", "Assigning", "Reconciling", "Stable", "PreparingRebalance", "CompletingRebalance"]),
    members: count.meta({ description: "How many there are." }),
  })
  .meta({ id: "GroupSummary" });

export const listGroupsAnswer = z.object({ groups: z.array(groupSummary), nextToken });

export const describeGroupAnswer = z.object({
  ...groupSummary.shape,
  groupEpoch: count.meta({ description: "Of a classic group, its generation." }),
  assignor: z.string().meta({ description: "Of a classic group, what its members have agreed on." }),
  memberList: z.array(
    z
      .object({
        memberId: z.string(),
        instanceId: z.string().optional(),
        clientId: z.string().optional(),
        memberEpoch: z.int(),
        topics: z.array(z.string()),
        topicPattern: z.string().optional(),
        assignment: z.array(ownedPartitions).meta({ description: "What the member owns." }),
        target: z.array(ownedPartitions).meta({ description: "What it will own." }),
        sessionTimeoutMs,
        leaseExpiresAtMs: count,
      })
      .meta({ id: "GroupMember" }),
  ),
});

export type MembershipAnswer = z.infer<typeof membershipAnswer>;
export type CommitOffsetsAnswer = z.infer<typeof commitOffsetsAnswer>;
export type GetGroupOffsetsAnswer = z.infer<typeof getGroupOffsetsAnswer>;
export type ResetGroupOffsetsAnswer = z.infer<typeof resetGroupOffsetsAnswer>;
export type ListGroupsAnswer = z.infer<typeof listGroupsAnswer>;
export type DescribeGroupAnswer = z.infer<typeof describeGroupAnswer>;
