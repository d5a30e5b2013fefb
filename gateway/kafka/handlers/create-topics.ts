import type { TopicDescription } from "../../../shared/services/services.ts";
import { configSource, topicConfigEntries } from "../config-entries.ts";
import { failureOf, kafkaError } from "../error-codes.ts";
import type { Gateway, Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import type { RequestOf, ResponseOf } from "../protocol/api.ts";
import type { createTopics } from "../protocol/apis/create-topics.ts";
import { zeroUuid } from "../protocol/types.ts";
import { checkAssignments, checkReplicationFactor, replicasOfPartition } from "../replicas.ts";
import { RequestProblem } from "../request-problem.ts";

type Wanted = RequestOf<typeof createTopics>["topics"][number];
type Answer = ResponseOf<typeof createTopics>["topics"][number];

/** Topics may also be created by asking for them; then they have the cluster's default number of partitions. */
export const handleCreateTopics: Handler<typeof createTopics> = async ({ topics, validateOnly }, { gateway }) => {
  const names = new Set<string>();
  const twice = new Set(topics.filter(({ name }) => names.size === names.add(name).size).map(({ name }) => name));
  const answers = await inOrder(topics, async (wanted): Promise<Answer> => {
    try {
      if (twice.has(wanted.name)) throw new RequestProblem(kafkaError.INVALID_REQUEST, "Duplicate topic name.");
      return answerOf(await create(wanted, validateOnly, gateway), validateOnly, gateway);
    } catch (error) {
      return { name: wanted.name, ...failureOf(error, gateway.log), configs: null };
    }
  });
  return { topics: answers };
};

function create(wanted: Wanted, validateOnly: boolean, gateway: Gateway): Promise<TopicDescription> {
  const { services, namespace, placement } = gateway;
  const { name, numPartitions, replicationFactor, assignments } = wanted;
  const isAssigned = assignments.length > 0;
  if (isAssigned) {
    if (numPartitions !== -1 || replicationFactor !== -1) {
      const message = "Both numPartitions or replicationFactor and a replica assignment were given.";
      throw new RequestProblem(kafkaError.INVALID_REQUEST, message);
    }
    checkAssignments(inPartitionOrder(assignments), placement);
  } else checkReplicationFactor(replicationFactor);
  const partitions = isAssigned ? assignments.length : numPartitions;
  return services.topics.create(namespace, {
    name,
    ...(partitions === -1 ? {} : { partitions }),
    config: configOf(wanted),
    validateOnly,
  });
}

function inPartitionOrder(assignments: Wanted["assignments"]): readonly (readonly number[])[] {
  return assignments
    .toSorted((one, other) => one.partitionIndex - other.partitionIndex)
    .map(({ partitionIndex, brokerIds }, index) => {
      if (partitionIndex === index) return brokerIds;
      const message = "Partitions should be a consecutive 0-based integer sequence";
      throw new RequestProblem(kafkaError.INVALID_REPLICA_ASSIGNMENT, message);
    });
}

function configOf({ configs }: Wanted): Readonly<Record<string, string>> {
  return Object.fromEntries(
    configs.map(({ name, value }) => {
      if (value !== null) return [name, value];
      throw new RequestProblem(kafkaError.INVALID_CONFIG, `Null value not supported for topic configs: ${name}`);
    }),
  );
}

function answerOf(
  { name, topicId, partitions, config }: TopicDescription,
  validateOnly: boolean,
  { services }: Gateway,
): Answer {
  return {
    name,
    // What is only looked at gets no id.
    topicId: validateOnly ? zeroUuid : topicId,
    errorCode: kafkaError.NONE,
    numPartitions: partitions,
    replicationFactor: replicasOfPartition,
    configs: topicConfigEntries(config, services.topics.configDefaults).map(
      ({ name: key, value, configSource: source }) => ({
        name: key,
        value,
        readOnly: false,
        configSource: source === configSource.topic ? configSource.topic : configSource.default,
        isSensitive: false,
      }),
    ),
  };
}
