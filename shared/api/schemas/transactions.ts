/** Transactions: records in many partitions and offsets of groups that become visible together or never. */
import * as z from "zod";
import { requestRecordsMax } from "../../limits.ts";
import { requestTopicsMax, transactionTopicsMax } from "../../limits/group-requests.ts";
import { transactionalIdCharsMax, transactionGroupsMax } from "../../limits/transactions.ts";
import { count, int64Text, namespaceName, nextToken, topicName } from "./common.ts";
import { committer, groupId, offsetsToCommit, ownedPartitions, topicPartitions } from "./groups.ts";
import { topicRecord } from "./produce.ts";

/** The rules of transactional ids are the service's to apply. */
const transactionalId = z.string().meta({
  description:
    `1 to ${transactionalIdCharsMax} characters, none of them a control character, else BAD_ARGUMENTS; one producer at a ` +
    "time may use it. API Gateway may change a path that has `%2F`, `%25` or `%3F` in it.",
  minLength: 1,
  maxLength: transactionalIdCharsMax,
  examples: ["billing-7"],
});

export const transactionParams = z.strictObject({ namespace: namespaceName, transactionalId });

const producer = { producerId: int64Text, producerEpoch: z.int().min(0).max(32_767) };

export const writeAtomicallyBody = z.strictObject({
  produce: z
    .array(
      z
        .strictObject({ topic: topicName, records: z.array(topicRecord).min(1).max(requestRecordsMax) })
        .meta({ id: "TopicRecords" }),
    )
    .max(transactionTopicsMax)
    .default([]),
  offsets: z
    .array(z.strictObject({ group: groupId, ...committer, offsets: offsetsToCommit }).meta({ id: "GroupOffsets" }))
    .max(transactionGroupsMax)
    .default([]),
});

/** One result per record, in the order of `produce` and of its records. */
export const writeAtomicallyAnswer = z.object({
  results: z.array(
    z
      .object({ topic: z.string(), partition: count, offset: count, timestamp: count })
      .meta({ id: "TransactionRecordResult" }),
  ),
});

export const addPartitionsBody = z.strictObject({
  ...producer,
  partitions: z.array(topicPartitions).min(1).max(requestTopicsMax),
});

export const addOffsetsBody = z.strictObject({ ...producer, group: groupId, ...committer, offsets: offsetsToCommit });

export const endTransactionBody = z.strictObject(producer);

/** Who the producer is in its next transaction: its sequences begin at 0 again. */
export const endTransactionAnswer = z.object(producer);

const transaction = z
  .object({
    transactionalId: z.string(),
    ...producer,
    state: z.enum(["Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort"]),
    timeoutMs: count,
    startedAtMs: count.optional().meta({ description: "Of the one that is under way, or of the last one." }),
    partitions: z.array(ownedPartitions),
    groups: z.array(z.string()),
  })
  .meta({ id: "Transaction" });

export const describeTransactionAnswer = transaction;
export const listTransactionsAnswer = z.object({ transactions: z.array(transaction), nextToken });

export type EndTransactionAnswer = z.infer<typeof endTransactionAnswer>;
export type DescribeTransactionAnswer = z.infer<typeof describeTransactionAnswer>;
