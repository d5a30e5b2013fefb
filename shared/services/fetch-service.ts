/** Fetch: finds the topic, reads its partition, and waits for more where the caller asks for it. */
import { ServiceError } from "../api/errors.ts";
import { decompress } from "../compression/compression.ts";
import { fetchBytesMax, fetchRecordsMax, fetchWaitMsMax, pollMsMax, pollMsMin } from "../limits.ts";
import { partitionLogId } from "../log/log-id.ts";
import { findLargestTimestamp, findTimestamp, type TimestampedOffset } from "../partition/find-timestamp.ts";
import type { OutOfRange, PartitionRead, PartitionReader } from "../partition/partition-reader.ts";
import type { PartitionName } from "../partition/recover-partition.ts";
import type { LogId } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { decodeBatches } from "./decode-batches.ts";
import { findPartition } from "./find-partition.ts";
import type { PartitionRegistry } from "./partition-registry.ts";
import type {
  FetchedBatches,
  FetchedRecords,
  FetchRequest,
  FetchService,
  Isolation,
  OffsetPoint,
  SeenBefore,
  TopicFinder,
} from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";
import { type ZnodeChanges, znodeChangesTopic } from "./znode-changes.ts";

export function fetchService(
  storage: Storage,
  topics: TopicFinder,
  partitions: PartitionRegistry,
  changes: ZnodeChanges,
): FetchService {
  return new PartitionedFetchService(storage, topics, partitions, changes);
}

/** What is read, and the log that grows when there is more. */
interface Source {
  readonly logId: LogId;
  read(): Promise<PartitionRead | OutOfRange>;
}

class PartitionedFetchService implements FetchService {
  readonly #storage: Storage;
  readonly #topics: TopicFinder;
  readonly #partitions: PartitionRegistry;
  readonly #changes: ZnodeChanges;

  constructor(storage: Storage, topics: TopicFinder, partitions: PartitionRegistry, changes: ZnodeChanges) {
    this.#storage = storage;
    this.#topics = topics;
    this.#partitions = partitions;
    this.#changes = changes;
  }

  fetchBatches(request: FetchRequest): Promise<FetchedBatches> {
    return withStorageErrors(async () => {
      const { kind: _, ...read } = await this.#fetch(request);
      return read;
    });
  }

  fetchMore(request: FetchRequest, seen: SeenBefore): Promise<FetchedBatches | undefined> {
    return withStorageErrors(async () => {
      checkBounds(request);
      const { logId } = await this.#sourceOf(request);
      const { clock } = this.#storage;
      const endMs = clock.monotonicMs() + Math.min(request.waitMs, fetchWaitMsMax);
      const pollMs = Math.min(Math.max(pollMsMin, seen.pollMs), pollMsMax);
      await this.#wait(logId, seen.highWatermark, Math.min(request.waitMs, pollMs), request.signal);
      // Timers may end a part of a millisecond early.
      const waitMs = Math.floor(endMs - clock.monotonicMs());
      if (waitMs <= 0 || request.signal?.aborted === true) return undefined;
      const { kind: _, ...read } = await this.#fetch({ ...request, waitMs }, pollMs * 2);
      return read;
    });
  }

  fetchRecords(request: FetchRequest): Promise<FetchedRecords> {
    return withStorageErrors(async () => {
      const { batches, nextOffset, aborted, highWatermark, lastStableOffset, logStartOffset } =
        await this.#fetch(request);
      const decoded = decodeBatches(batches, request.offset, request.maxRecords, nextOffset, aborted);
      return { ...decoded, highWatermark, lastStableOffset, logStartOffset };
    });
  }

  listOffset(
    namespace: string,
    topic: string,
    partition: number,
    point: OffsetPoint,
    isolation: Isolation = "read_uncommitted",
  ): Promise<{ readonly offset: number; readonly timestamp: number }> {
    return withStorageErrors(async () => {
      if (topic === znodeChangesTopic) {
        checkOnlyPartition(partition);
        return await this.#changes.listOffset(namespace, point);
      }
      const name = await this.#find(namespace, topic, partition);
      const reader = this.#partitions.reader(name);
      switch (point.at) {
        case "earliest":
          return { offset: await reader.logStartOffset(), timestamp: -1 };
        case "latest":
          return { offset: await endOf(reader, isolation), timestamp: -1 };
        case "timestamp":
        case "maxTimestamp": {
          const found = await this.#findTime(name, reader, point);
          const isFound =
            found !== undefined &&
            (isolation === "read_uncommitted" || found.offset < (await reader.lastStableOffset()));
          return isFound ? found : { offset: -1, timestamp: -1 };
        }
      }
    });
  }

  async #findTime(
    name: PartitionName,
    reader: PartitionReader,
    point: Extract<OffsetPoint, { readonly at: "timestamp" | "maxTimestamp" }>,
  ): Promise<TimestampedOffset | undefined> {
    const start = await reader.logStartOffset();
    const compacted = await reader.compacted();
    return point.at === "timestamp"
      ? findTimestamp(this.#storage, name, point.timestampMs, start, decompress, compacted)
      : findLargestTimestamp(this.#storage, name, start, decompress, compacted);
  }

  async #fetch(request: FetchRequest, firstPollMs = pollMsMin): Promise<PartitionRead> {
    checkBounds(request);
    const source = await this.#sourceOf(request);
    const endMs = this.#storage.clock.monotonicMs() + Math.min(request.waitMs, fetchWaitMsMax);
    let pollMs = Math.min(firstPollMs, pollMsMax);
    for (;;) {
      const read = await this.#read(source, request);
      const bytes = read.batches.reduce((sum, batch) => sum + batch.length, 0);
      const leftMs = endMs - this.#storage.clock.monotonicMs();
      // A read that ended at a limit, or at the end of a segment, has more behind it: no use in waiting for that.
      const end = request.isolation === "read_committed" ? read.lastStableOffset : read.highWatermark;
      const hasMore = read.nextOffset > request.offset && read.nextOffset < end;
      const full = hasMore || bytes >= request.minBytes || bytes >= request.maxBytes;
      if (full || leftMs <= 0 || request.signal?.aborted === true) {
        this.#storage.metrics?.count("BytesOutPerSec", bytes, { namespace: request.namespace, topic: request.topic });
        return read;
      }
      await this.#wait(source.logId, read.highWatermark, Math.min(leftMs, pollMs), request.signal);
      pollMs = Math.min(pollMs * 2, pollMsMax);
    }
  }

  async #wait(logId: LogId, highWatermark: number, ms: number, signal: AbortSignal | undefined): Promise<void> {
    const { notifier, metrics } = this.#storage;
    const wait = notifier.wait(logId, highWatermark, ms, signal);
    await (metrics?.waiting(wait) ?? wait);
  }

  async #sourceOf(request: FetchRequest): Promise<Source> {
    const { namespace, topic, partition, offset, isolation, identities, ...bounds } = request;
    const limits = {
      bytesMax: Math.min(bounds.maxBytes, fetchBytesMax),
      recordsMax: Math.min(bounds.maxRecords, fetchRecordsMax),
    };
    if (topic === znodeChangesTopic) {
      checkOnlyPartition(partition);
      const read = () => this.#changes.read(namespace, offset, limits, identities);
      return { logId: this.#changes.logId(namespace), read };
    }
    const name = await this.#find(namespace, topic, partition);
    const reader = this.#partitions.reader(name);
    return { logId: partitionLogId(name.topicId, name.partition), read: () => reader.read(offset, limits, isolation) };
  }

  async #read(source: Source, request: FetchRequest): Promise<PartitionRead> {
    const read = await source.read();
    if (read.kind === "out of range") throw outOfRange(request.offset, read);
    return read;
  }

  async #find(namespace: string, name: string, partition: number): Promise<PartitionName> {
    const { topicId } = await findPartition(this.#topics, namespace, name, partition);
    return { topicId, partition };
  }
}

function endOf(reader: PartitionReader, isolation: Isolation): Promise<number> {
  return isolation === "read_committed" ? reader.lastStableOffset() : reader.highWatermark();
}

function checkOnlyPartition(partition: number): void {
  if (partition === 0) return;
  throw new ServiceError("UNKNOWN_TOPIC_OR_PARTITION", `${znodeChangesTopic} has no partition ${partition}`, {
    details: { topic: znodeChangesTopic, partition, partitions: 1 },
  });
}

function checkBounds({ offset, maxBytes, maxRecords, minBytes, waitMs }: FetchRequest): void {
  const whole = [offset, maxBytes, maxRecords, minBytes, waitMs].every(Number.isSafeInteger);
  if (!whole || maxBytes < 1 || maxRecords < 1 || minBytes < 0 || waitMs < 0) {
    throw new ServiceError("INVALID_REQUEST", "A bound of the fetch is not a whole number in its range");
  }
}

function outOfRange(offset: number, { highWatermark, lastStableOffset, logStartOffset }: OutOfRange): ServiceError {
  return new ServiceError("OFFSET_OUT_OF_RANGE", `Offset ${offset} is not from ${logStartOffset} to ${highWatermark}`, {
    details: { offset, logStartOffset, lastStableOffset, highWatermark },
  });
}
