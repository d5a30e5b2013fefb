import { partitionForKey } from "../../shared/record/murmur2.ts";

/**
 * Chooses partitions as Kafka's Java client does: by murmur2 of the key; without a key one partition is kept until its
 * batch is complete (sticky, KIP-480), which fills batches faster than going round.
 */
export class PartitionChooser {
  readonly #random: () => number;
  #sticky: number | undefined;

  /** @param random from 0 to below 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** The partition of a record, of `partitions` that the topic has. */
  choose(key: Uint8Array | null, partitions: number): number {
    if (key !== null) return partitionForKey(key, partitions);
    if (this.#sticky === undefined || this.#sticky >= partitions) this.#sticky = this.#pick(partitions);
    return this.#sticky;
  }

  /** The batch of `partition` is complete: records without a key go elsewhere from now on. */
  batchComplete(partition: number, partitions: number): void {
    if (partition !== this.#sticky) return;
    if (partitions === 1) return;
    const other = this.#pick(partitions - 1);
    this.#sticky = other >= partition ? other + 1 : other;
  }

  #pick(partitions: number): number {
    return Math.floor(this.#random() * partitions);
  }
}
