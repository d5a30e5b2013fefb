/** The partitions that one process writes to and reads from: one writer and one reader each, kept while in use. */
import { openPartitionsMax, segmentBytesTarget } from "../limits.ts";
import { PartitionReader } from "../partition/partition-reader.ts";
import { type PartitionWriter, partitionWriter } from "../partition/partition-writer.ts";
import type { PartitionName } from "../partition/recover-partition.ts";
import { inlinePayloadBytesOf } from "../storage/inline-payload.ts";
import type { Storage } from "../storage/storage.ts";

/** What a writer goes by, of the topic's `TopicSettings`. */
export interface WriterSettings {
  readonly inlineBytesMax: number;
  readonly segmentBytes: number;
}

interface OpenPartition {
  readonly writer: PartitionWriter;
  readonly reader: PartitionReader;
  settings: WriterSettings;
}

export class PartitionRegistry {
  readonly #storage: Storage;
  /** Least recently used first. */
  readonly #open = new Map<string, OpenPartition>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** @param settings the topic's present ones, where they are known */
  writer(name: PartitionName, settings?: WriterSettings): PartitionWriter {
    const partition = this.#partition(name);
    partition.settings = settings ?? partition.settings;
    return partition.writer;
  }

  reader(name: PartitionName): PartitionReader {
    return this.#partition(name).reader;
  }

  #partition(name: PartitionName): OpenPartition {
    const id = `${name.topicId}:${name.partition}`;
    const known = this.#open.get(id);
    const partition = known ?? this.#create(name);
    this.#open.delete(id);
    this.#open.set(id, partition);
    if (known === undefined && this.#open.size > openPartitionsMax) this.#dropOneIdle();
    return partition;
  }

  #create(name: PartitionName): OpenPartition {
    const partition: OpenPartition = {
      writer: partitionWriter(
        this.#storage,
        name,
        () => partition.settings.inlineBytesMax,
        undefined,
        () => partition.settings.segmentBytes,
      ),
      reader: new PartitionReader(this.#storage, name),
      settings: { inlineBytesMax: inlinePayloadBytesOf(this.#storage), segmentBytes: segmentBytesTarget },
    };
    return partition;
  }

  /** What a dropped writer knew is rebuilt from the log; only one at work must stay, or its group would be split. */
  #dropOneIdle(): void {
    for (const [id, { writer }] of this.#open) {
      if (!writer.idle) continue;
      this.#open.delete(id);
      return;
    }
  }
}
