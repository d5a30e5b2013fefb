/** Who has written to a partition lately, and whose transactions are open there (Kafka's DescribeProducers). */
import { producerExpiryMs } from "../limits.ts";
import type { PartitionState } from "../partition/partition-state.ts";
import { recoverPartition } from "../partition/recover-partition.ts";
import type { Storage } from "../storage/storage.ts";
import { findPartition } from "./find-partition.ts";
import type { PartitionProducers, ProducerInPartition, TopicFinder } from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";

export function partitionProducers(storage: Storage, topics: TopicFinder): PartitionProducers {
  return {
    list: (namespace, topic, partition) =>
      withStorageErrors(async () => {
        const { topicId } = await findPartition(topics, namespace, topic, partition);
        const { state } = await recoverPartition(storage, { topicId, partition });
        return producersOf(state, storage.clock.wallMs());
      }),
  };
}

function producersOf({ table, open }: PartitionState, nowMs: number): ProducerInPartition[] {
  const silent = [...open].filter(([producerId]) => table.producer(producerId) === undefined);
  const forgotten = silent.map(([producerId, { epoch, firstOffset }]) => ({
    producerId,
    producerEpoch: epoch,
    lastSequence: -1,
    openSinceOffset: firstOffset,
  }));
  const known = [...table.producers()].flatMap(([producerId, { epoch, lastAppendedMs, batches }]) => {
    const transaction = open.of(producerId);
    if (transaction === undefined && nowMs - lastAppendedMs > producerExpiryMs) return [];
    const last = batches.at(-1);
    return {
      producerId,
      producerEpoch: epoch,
      lastSequence: last === undefined ? -1 : last.baseSequence + last.recordCount - 1,
      lastAppendedMs,
      ...(transaction === undefined ? {} : { openSinceOffset: transaction.firstOffset }),
    };
  });
  return [...forgotten, ...known];
}
