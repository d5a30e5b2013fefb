import { ServiceError } from "../../../shared/api/errors.ts";
import { coordinatorErrorOf } from "../coordinator-errors.ts";
import { kafkaError } from "../error-codes.ts";
import type { Gateway, Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import type { RequestOf, ResponseOf } from "../protocol/api.ts";
import type { addPartitionsToTxn } from "../protocol/apis/add-partitions-to-txn.ts";

type Request = RequestOf<typeof addPartitionsToTxn>;
type Response = ResponseOf<typeof addPartitionsToTxn>;
type Topic = Request["v3AndBelowTopics"][number];

/** The first version with PRODUCER_FENCED. */
const fencedSince = 2;

/** All of them are added, or none. */
export const handleAddPartitionsToTxn: Handler<typeof addPartitionsToTxn> = async (request, context) => {
  const { gateway, apiVersion } = context;
  const { services, namespace, log } = gateway;
  const {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
  } = request;
  const partitions = request.v3AndBelowTopics.map((topic) => ({ topic: topic.name, partitions: topic.partitions }));
  try {
    const producer = { namespace, transactionalId, producerId, producerEpoch };
    await services.transactions.addPartitions({ ...producer, partitions, keepsEpoch: true });
    return answer(request, () => kafkaError.NONE);
  } catch (error) {
    const errorCode = coordinatorErrorOf(error, log, apiVersion >= fencedSince);
    if (errorCode !== kafkaError.UNKNOWN_TOPIC_OR_PARTITION) return answer(request, () => errorCode);
    const counts = await countPartitions(request, gateway);
    const isThere = (topic: Topic, partition: number): boolean => partition < (counts.get(topic.name) ?? 0);
    return answer(request, (topic, partition) =>
      isThere(topic, partition) ? kafkaError.OPERATION_NOT_ATTEMPTED : errorCode,
    );
  }
};

function answer({ v3AndBelowTopics: topics }: Request, errorOf: (topic: Topic, partition: number) => number): Response {
  return {
    resultsByTopicV3AndBelow: topics.map((topic) => ({
      name: topic.name,
      resultsByPartition: topic.partitions.map((partitionIndex) => ({
        partitionIndex,
        partitionErrorCode: errorOf(topic, partitionIndex),
      })),
    })),
  };
}

/** Of the topics that are there. */
async function countPartitions(
  { v3AndBelowTopics: topics }: Request,
  { services, namespace }: Gateway,
): Promise<Map<string, number>> {
  const counts = await inOrder(topics, async ({ name }): Promise<[string, number]> => {
    try {
      return [name, (await services.topics.describe(namespace, name)).partitions];
    } catch (error) {
      if (error instanceof ServiceError) return [name, 0];
      throw error;
    }
  });
  return new Map(counts);
}
