import * as z from "zod";
import { topicConfigKeysMax, topicConfigValueCharsMax } from "../../limits.ts";
import { count, nextToken, topicName } from "./common.ts";

const configValue = z.string("must be a string, as in Kafka").max(topicConfigValueCharsMax);
const keysMax = (config: object): boolean => Object.keys(config).length <= topicConfigKeysMax;
const tooManyKeys = `must have at most ${topicConfigKeysMax} keys`;

const partitions = z.int().meta({ description: "At least 1, else INVALID_PARTITIONS.", examples: [3] });

export const createTopicBody = z.strictObject({
  name: topicName,
  partitions: partitions.optional(),
  config: z
    .record(z.string(), configValue)
    .refine(keysMax, tooManyKeys)
    .optional()
    .meta({ description: "Kafka's names to strings.", examples: [{ "retention.ms": "86400000" }] }),
});

export const alterTopicBody = z.strictObject({
  partitions: partitions.optional().meta({ description: "More than now; a topic never gets fewer." }),
  config: z
    .record(z.string(), configValue.nullable())
    .refine(keysMax, tooManyKeys)
    .optional()
    .meta({ description: "Keys that are left out stay as they are; null removes a key." }),
});

export const topicAnswer = z
  .object({
    name: z.string(),
    topicId: z.string().meta({ description: "A topic that is deleted and created again has another one." }),
    partitions: count,
    config: z.record(z.string(), z.string()).meta({ description: "What was set, not the defaults." }),
    createdAtMs: count,
  })
  .meta({ id: "Topic" });

export const listTopicsAnswer = z.object({
  topics: z.array(topicAnswer.pick({ name: true, topicId: true, partitions: true }).meta({ id: "TopicSummary" })),
  nextToken,
});

export type CreateTopicBody = z.input<typeof createTopicBody>;
export type AlterTopicBody = z.input<typeof alterTopicBody>;
export type TopicAnswer = z.infer<typeof topicAnswer>;
export type ListTopicsAnswer = z.infer<typeof listTopicsAnswer>;
