/** Fetch: finds the topic, reads its partition, and waits for more where the caller asks for it. */
import { ServiceError } from "../api/errors.ts";
import { decompress } from "../compression/compression.ts";
import { fetchBytesMax, fetchRecordsMax, fetchWaitMsMax, pollMsMax, pollMsMin } from "../limits.ts";
import { partitionLogId } from "../log/log-id.ts";
import { findTimestamp } from "../partition/find-timestamp.ts";
import type { OutOfRange, PartitionRead, PartitionReader } from "../partition/partition-reader.ts";
import type { PartitionName } from "../partition/recover-partition.ts";
import type { Storage } from "../storage/storage.ts";
import { decodeBatches } from "./decode-batches.ts";
import { findPartition } from "./find-partition.ts";
import type { PartitionRegistry } from "./partition-registry.ts";
import type {
  FetchedBatches,
  FetchedRecords,
  FetchRequest,
  FetchService,
  OffsetPoint,
  TopicFinder,
} from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";

export function fetchService(storage: Storage, topics: TopicFinder, partitions: PartitionRegistry): FetchService {
  return new PartitionedFetchService(storage, topics, partitions);
}

class PartitionedFetchService implements FetchService {
  readonly #storage: Storage;
  readonly #topics: TopicFinder;
  readonly #partitions: PartitionRegistry;

  constructor(storage: Storage, topics: TopicFinder, partitions: PartitionRegistry) {
    this.#storage = storage;
    this.#topics = topics;
    this.#partitions = partitions;
  }

  fetchBatches(request: FetchRequest): Promise<FetchedBatches> {
    return withStorageErrors(async () => {
      const { batches, nextOffset, highWatermark, logStartOffset } = await this.#fetch(request);
      return { batches, nextOffset, highWatermark, lastStableOffset: highWatermark, logStartOffset };
    });
  }

  fetchRecords(request: FetchRequest): Promise<FetchedRecords> {
    return withStorageErrors(async () => {
      const { batches, nextOffset, highWatermark, logStartOffset } = await this.#fetch(request);
      const decoded = decodeBatches(batches, request.offset, request.maxRecords, nextOffset);
      return { ...decoded, highWatermark, lastStableOffset: highWatermark, logStartOffset };
    });
  }

  listOffset(
    namespace: string,
    topic: string,
    partition: number,
    point: OffsetPoint,
  ): Promise<{ readonly offset: number; readonly timestamp: number }> {
    return withStorageErrors(async () => {
      const name = await this.#find(namespace, topic, partition);
      const reader = this.#partitions.reader(name);
      switch (point.at) {
        case "earliest":
          return { offset: await reader.logStartOffset(), timestamp: -1 };
        case "latest":
          return { offset: await reader.highWatermark(), timestamp: -1 };
        case "timestamp": {
          const start = await reader.logStartOffset();
          const found = await findTimestamp(this.#storage, name, point.timestampMs, start, decompress);
          return found ?? { offset: -1, timestamp: -1 };
        }
      }
    });
  }

  async #fetch(request: FetchRequest): Promise<PartitionRead> {
    checkBounds(request);
    const name = await this.#find(request.namespace, request.topic, request.partition);
    const reader = this.#partitions.reader(name);
    const endMs = this.#storage.clock.monotonicMs() + Math.min(request.waitMs, fetchWaitMsMax);
    let pollMs = pollMsMin;
    for (;;) {
      const read = await this.#read(reader, request);
      const bytes = read.batches.reduce((sum, batch) => sum + batch.length, 0);
      const leftMs = endMs - this.#storage.clock.monotonicMs();
      // A read that ended at a limit, or at the end of a segment, has more behind it: no use in waiting for that.
      const hasMore = read.nextOffset > request.offset && read.nextOffset < read.highWatermark;
      const full = hasMore || bytes >= request.minBytes || bytes >= request.maxBytes;
      if (full || leftMs <= 0 || request.signal?.aborted === true) return read;
      const logId = partitionLogId(name.topicId, name.partition);
      await this.#storage.notifier.wait(logId, read.highWatermark, Math.min(leftMs, pollMs), request.signal);
      pollMs = Math.min(pollMs * 2, pollMsMax);
    }
  }

  async #read(reader: PartitionReader, request: FetchRequest): Promise<PartitionRead> {
    const limits = {
      bytesMax: Math.min(request.maxBytes, fetchBytesMax),
      recordsMax: Math.min(request.maxRecords, fetchRecordsMax),
    };
    const read = await reader.read(request.offset, limits);
    if (read.kind === "out of range") throw outOfRange(request.offset, read);
    return read;
  }

  async #find(namespace: string, name: string, partition: number): Promise<PartitionName> {
    const { topicId } = await findPartition(this.#topics, namespace, name, partition);
    return { topicId, partition };
  }
}

function checkBounds({ offset, maxBytes, maxRecords, minBytes, waitMs }: FetchRequest): void {
  const whole = [offset, maxBytes, maxRecords, minBytes, waitMs].every(Number.isSafeInteger);
  if (!whole || maxBytes < 1 || maxRecords < 1 || minBytes < 0 || waitMs < 0) {
    throw new ServiceError("INVALID_REQUEST", "A bound of the fetch is not a whole number in its range");
  }
}

function outOfRange(offset: number, { highWatermark, logStartOffset }: OutOfRange): ServiceError {
  return new ServiceError("OFFSET_OUT_OF_RANGE", `Offset ${offset} is not from ${logStartOffset} to ${highWatermark}`, {
    details: { offset, logStartOffset, highWatermark },
  });
}
