/** Partitions that become a part of a transaction by being produced to (KIP-890). */
import { MalformedBytesError } from "../../shared/record/malformed-bytes-error.ts";
import { readBatchHeader } from "../../shared/record/record-batch.ts";
import type { Gateway } from "./handler.ts";
import type { RequestOf } from "./protocol/api.ts";
import type { produce } from "./protocol/apis/produce.ts";

type Request = RequestOf<typeof produce>;

/**
 * Adds the partitions of a transactional produce to its producer's transaction. Nothing where no batch names a producer: what
 * it lacks is said of each partition by itself.
 *
 * @throws ServiceError as `TransactionService.addPartitions`
 */
export async function addProducedPartitions(
  { transactionalId, topicData }: Request,
  { services, namespace }: Gateway,
): Promise<void> {
  const producer = producerOf(topicData);
  if (transactionalId === null || producer === undefined) return;
  const partitions = topicData.map(({ name: topic, partitionData }) => ({
    topic,
    partitions: partitionData.map(({ index }) => index),
  }));
  await services.transactions.addPartitions({ namespace, transactionalId, ...producer, partitions });
}

function producerOf(topics: Request["topicData"]) {
  for (const { partitionData } of topics) {
    for (const { records } of partitionData) {
      const header = records === null ? undefined : headerOf(records);
      if (header === undefined || header.producerId < 0n) continue;
      const { producerId, producerEpoch } = header;
      return { producerId, producerEpoch };
    }
  }
  return undefined;
}

function headerOf(records: Uint8Array) {
  try {
    return readBatchHeader(records, 0);
  } catch (error) {
    if (error instanceof MalformedBytesError) return undefined;
    throw error;
  }
}
