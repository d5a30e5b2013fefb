/** Which partition a record goes to: the caller's, else by its key, else the sticky one. */
import { ServiceError } from "../api/errors.ts";
import { partitionForKey } from "../record/murmur2.ts";
import type { Random } from "../storage/environment.ts";
import type { ProduceRecord } from "./services.ts";

/** Bytes after which records without a key go to another partition (KIP-794): enough to fill entries, little enough to spread. */
const stickyBytes = 65_536;
const stickyTopicsMax = 10_000;
const utf8 = new TextEncoder();

interface Sticky {
  readonly partition: number;
  readonly partitions: number;
  bytes: number;
}

/** Murmur2 of the key as Kafka's Java client (KIP-480, KIP-794 for records without one). */
export class PartitionChooser {
  readonly #random: Random;
  readonly #sticky = new Map<string, Sticky>();

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * The records by partition, each with its place in the request.
   *
   * A repeat under the same idempotency key must meet the same partition, so the key then chooses the sticky one.
   *
   * @throws ServiceError UNKNOWN_TOPIC_OR_PARTITION if a record names a partition that the topic does not have
   */
  assign(
    topicId: string,
    partitions: number,
    records: readonly ProduceRecord[],
    idempotencyKey: string | undefined,
  ): Map<number, number[]> {
    const byPartition = new Map<number, number[]>();
    records.forEach((record, index) => {
      const partition = this.#partitionOf(topicId, partitions, record, idempotencyKey);
      const indexes = byPartition.get(partition);
      if (indexes === undefined) byPartition.set(partition, [index]);
      else indexes.push(index);
    });
    return byPartition;
  }

  #partitionOf(topicId: string, partitions: number, record: ProduceRecord, idempotencyKey: string | undefined): number {
    if (record.partition !== undefined) {
      if (record.partition < 0 || record.partition >= partitions) {
        throw new ServiceError("UNKNOWN_TOPIC_OR_PARTITION", `The topic has no partition ${record.partition}`, {
          details: { partition: record.partition, partitions },
        });
      }
      return record.partition;
    }
    if (record.key !== null) return partitionForKey(record.key, partitions);
    if (idempotencyKey !== undefined) return partitionForKey(utf8.encode(idempotencyKey), partitions);
    return this.#stickyPartition(topicId, partitions, record.value?.length ?? 0);
  }

  #stickyPartition(topicId: string, partitions: number, bytes: number): number {
    let sticky = this.#sticky.get(topicId);
    if (sticky === undefined || sticky.partitions !== partitions || sticky.bytes >= stickyBytes) {
      sticky = { partition: this.#another(sticky?.partition, partitions), partitions, bytes: 0 };
      this.#sticky.delete(topicId);
      this.#sticky.set(topicId, sticky);
      if (this.#sticky.size > stickyTopicsMax) {
        const [oldest] = this.#sticky.keys();
        if (oldest !== undefined) this.#sticky.delete(oldest);
      }
    }
    sticky.bytes += bytes;
    return sticky.partition;
  }

  #another(before: number | undefined, partitions: number): number {
    if (before === undefined || before >= partitions || partitions === 1) return this.#random.uint32() % partitions;
    return (before + 1 + (this.#random.uint32() % (partitions - 1))) % partitions;
  }
}
