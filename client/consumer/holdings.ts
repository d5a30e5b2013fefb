/** All partitions that this consumer owns at this moment. */
import type { OwnedPartition } from "./owned-partition.ts";
import { groupByTopic, keyOf } from "./topic-partition.ts";
import type { TopicPartition, TopicPartitions } from "./topic-partition.ts";

export class Holdings implements Iterable<OwnedPartition> {
  /** Whoever was served last stands last. */
  readonly #partitions = new Map<string, OwnedPartition>();

  get size(): number {
    return this.#partitions.size;
  }

  get bufferedBytes(): number {
    let bytes = 0;
    for (const partition of this.#partitions.values()) bytes += partition.bufferedBytes;
    return bytes;
  }

  [Symbol.iterator](): Iterator<OwnedPartition> {
    return this.#partitions.values();
  }

  get(partition: TopicPartition): OwnedPartition | undefined {
    return this.#partitions.get(keyOf(partition));
  }

  has(partition: OwnedPartition): boolean {
    return this.#partitions.get(partition.key) === partition;
  }

  add(partition: OwnedPartition): void {
    this.#partitions.set(partition.key, partition);
  }

  remove(partition: OwnedPartition): void {
    if (this.has(partition)) this.#partitions.delete(partition.key);
  }

  /** Its next turn comes after that of all others. */
  moveToEnd(partition: OwnedPartition): void {
    if (!this.has(partition)) return;
    this.#partitions.delete(partition.key);
    this.#partitions.set(partition.key, partition);
  }

  byTopic(): readonly TopicPartitions[] {
    return groupByTopic(this.#partitions.values());
  }
}
