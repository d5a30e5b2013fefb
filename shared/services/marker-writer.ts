/** Writes the markers that end transactions, through the same writers as the records that they follow. */
import { markerRequest } from "../partition/marker-request.ts";
import type { Storage } from "../storage/storage.ts";
import { awaitAppend } from "./await-append.ts";
import type { PartitionRegistry } from "./partition-registry.ts";
import type { MarkerWriter } from "./transactions.ts";

/**
 * One put when the partition is known to the process, and none for a marker that it knows to be there.
 *
 * Beside what `MarkerWriter` says, `write` throws INVALID_PRODUCER_EPOCH for a marker that comes so late that a later
 * transaction of its producer is open: its own was ended long ago.
 */
export function markerWriter(storage: Storage, partitions: PartitionRegistry): MarkerWriter {
  return {
    async write({ topicId, partition, ...marker }) {
      const writer = partitions.writer({ topicId, partition });
      await awaitAppend(storage, writer, markerRequest(marker, storage.clock.wallMs()));
    },
  };
}
