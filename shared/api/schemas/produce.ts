/** Producing: records as JSON, or record batches as they are. */
import * as z from "zod";
import { recordHeadersMax, requestRecordsMax } from "../../limits.ts";
import { bytesOrNull, count, int32Max, int64Text, integerText, partError, text } from "./common.ts";

/**
 * Headers of a record that is produced: an object, or a list where a key repeats or the order matters. Answers always use
 * the list, because Kafka's headers are one.
 */
const producedHeaders = z
  .union([
    z.record(text, bytesOrNull).refine((headers) => Object.keys(headers).length <= recordHeadersMax),
    z.array(z.strictObject({ key: text, value: bytesOrNull })).max(recordHeadersMax),
  ])
  .meta({
    id: "ProducedHeaders",
    description: "An object, or a list of key and value where a key repeats. Answers always use the list.",
    examples: [{ trace: "abc" }, [{ key: "trace", value: "abc" }]],
  });

const recordFields = {
  key: bytesOrNull
    .optional()
    .meta({ description: "Records with the same key go to the same partition. Null is as none." }),
  value: bytesOrNull.meta({ description: "Null is a tombstone." }),
  headers: producedHeaders.optional(),
  timestamp: count.optional().meta({ description: "Ms since the epoch; else the server's clock." }),
};

/** A record for one partition. */
export const partitionRecord = z.strictObject(recordFields).meta({ id: "PartitionRecord" });

/** A record for whichever partition its key leads to. */
export const topicRecord = z
  .strictObject({
    ...recordFields,
    partition: z
      .int()
      .min(0)
      .max(int32Max)
      .optional()
      .meta({ description: "Else by murmur2 of the key, as Kafka's Java client does; without a key, sticky." }),
  })
  .meta({ id: "TopicRecord" });

export const produceBody = z.strictObject({ records: z.array(topicRecord).min(1).max(requestRecordsMax) });

/** The rules of transactional ids are the service's to apply. */
const transactionalId = z.string();
const expectedOffset = "Append only if this is the high watermark; else BAD_VERSION with `details.highWatermark`.";
const fencingToken = "A higher one raises the partition's fence; a lower one gets FENCED with `details.fencingToken`.";

/** All but the records of a JSON request to one partition. */
export const partitionRequestFields = {
  producerId: int64Text
    .optional()
    .meta({ description: "With producerEpoch and baseSequence: an idempotent producer." }),
  producerEpoch: z.int().min(0).max(32_767).optional(),
  baseSequence: z.int().min(0).max(int32Max).optional(),
  expectedOffset: count.optional().meta({ description: expectedOffset }),
  fencingToken: count.optional().meta({ description: fencingToken }),
  transactionalId: transactionalId
    .optional()
    .meta({ description: "With a producer: the records belong to the transaction that it has open." }),
};

export const produceToPartitionBody = z.strictObject({
  records: z.array(partitionRecord).min(1).max(requestRecordsMax),
  ...partitionRequestFields,
});

/** For record batches the conditions stand in the query; the producer's identity stands in the batch. */
export const produceBatchesQuery = z.strictObject({
  expectedOffset: integerText(Number.MAX_SAFE_INTEGER).optional().meta({ description: expectedOffset }),
  fencingToken: integerText(Number.MAX_SAFE_INTEGER).optional().meta({ description: fencingToken }),
  transactionalId: transactionalId
    .optional()
    .meta({ description: "Of the producer whose transactional batches these are." }),
});

const recordResult = z.object({ partition: count, offset: count, timestamp: count }).meta({ id: "RecordResult" });

/** One result per record, in the order of the records. One partition's failure hides no other's success. */
export const produceAnswer = z.object({
  results: z.array(
    z.union([recordResult, z.object({ partition: count, error: partError }).meta({ id: "RecordFailure" })]),
  ),
});

/** All or nothing: one partition's records are one batch. */
export const produceToPartitionAnswer = z.object({ results: z.array(recordResult) });

export const produceBatchesAnswer = z
  .object({ baseOffset: count, appendedAtMs: count })
  .meta({ id: "ProducedBatches" });

export const createProducerBody = z.strictObject({
  transactionalId: transactionalId.optional().meta({
    description: "Takes over the transactional id: what its earlier owner left open is aborted, and the owner fenced.",
  }),
  timeoutMs: z.int().min(1).max(int32Max).optional().meta({
    description:
      "With transactionalId: a transaction that is open for longer is aborted. Out of bounds: INVALID_TRANSACTION_TIMEOUT.",
  }),
});

export const createProducerAnswer = z.object({ producerId: int64Text, producerEpoch: z.int().min(0).max(32_767) });

export const truncateBody = z.strictObject({
  beforeOffset: z.int().meta({
    description: "Records before it are deleted; -1 means up to the high watermark. Beyond that OFFSET_OUT_OF_RANGE.",
  }),
});

export const truncateAnswer = z.object({ logStartOffset: count });

export type PartitionRecord = z.input<typeof partitionRecord>;
export type TopicRecord = z.input<typeof topicRecord>;
export type ProduceToPartitionBody = z.input<typeof produceToPartitionBody>;
export type ProduceAnswer = z.infer<typeof produceAnswer>;
export type ProduceToPartitionAnswer = z.infer<typeof produceToPartitionAnswer>;
export type ProduceBatchesAnswer = z.infer<typeof produceBatchesAnswer>;
export type CreateProducerAnswer = z.infer<typeof createProducerAnswer>;
export type TruncateAnswer = z.infer<typeof truncateAnswer>;
