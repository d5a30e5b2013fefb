/** Truncate: finds the topic, and lets one of its partitions start later (Kafka's DeleteRecords). */
import { ServiceError } from "../api/errors.ts";
import { truncatePartition } from "../partition/truncate-partition.ts";
import type { Storage } from "../storage/storage.ts";
import { topicSettings } from "../topics/topic-config.ts";
import { findPartition } from "./find-partition.ts";
import type { PartitionRegistry } from "./partition-registry.ts";
import type { TopicFinder, TruncateService } from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";

export function truncateService(storage: Storage, topics: TopicFinder, partitions: PartitionRegistry): TruncateService {
  return {
    truncate: (namespace, topic, partition, beforeOffset) =>
      withStorageErrors(async () => {
        const { topicId, config } = await findPartition(topics, namespace, topic, partition);
        if (!topicSettings(config).deletes) {
          throw new ServiceError("POLICY_VIOLATION", "Records are deleted only where cleanup.policy has delete");
        }
        const name = { topicId, partition };
        const result = await truncatePartition(storage, name, partitions.reader(name), beforeOffset);
        if (result.kind === "truncated") {
          // What lies before the start now is collected when something is written again, if no sweep can be asked for.
          await storage.wakeUps.arm?.().catch(() => undefined);
          return { logStartOffset: result.logStartOffset };
        }
        const { highWatermark, logStartOffset } = result;
        throw new ServiceError(
          "OFFSET_OUT_OF_RANGE",
          `Offset ${beforeOffset} is beyond ${highWatermark}, or below -1`,
          {
            details: { offset: beforeOffset, logStartOffset, highWatermark },
          },
        );
      }),
  };
}
