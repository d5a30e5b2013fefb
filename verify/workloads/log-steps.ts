/** Steps of a log's history that hold numbers, and make text of them when they are read: a run has millions of records. */
import type { PolledPartition, PolledRecord, PollStep, SendStep } from "../history.ts";
import type { PolledRecords, TopicPartition } from "../target.ts";

/** How histories call a partition. */
export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** Numbers all records of a workload. */
export class ValueCounter {
  #next = 0;

  take(count: number): readonly number[] {
    const first = this.#next;
    this.#next += count;
    return Array.from({ length: count }, (_, index) => first + index);
  }
}

/** A batch of values that follow each other. */
export class CompactSend implements SendStep {
  readonly kind = "send";
  readonly partition: string;
  readonly offset?: number;
  readonly #first: number;
  readonly #count: number;

  constructor(partition: string, values: readonly number[], offset: number | undefined) {
    this.partition = partition;
    this.#first = values[0] ?? 0;
    this.#count = values.length;
    if (offset !== undefined) this.offset = offset;
  }

  get values(): readonly string[] {
    return Array.from({ length: this.#count }, (_, index) => String(this.#first + index));
  }
}

class CompactPage implements PolledPartition {
  readonly partition: string;
  readonly #offsets: readonly number[];
  readonly #values: readonly number[];

  constructor(polled: PolledRecords) {
    this.partition = partitionName(polled);
    this.#offsets = polled.offsets;
    this.#values = polled.values;
  }

  get records(): readonly PolledRecord[] {
    return this.#offsets.map((offset, index) => [offset, String(this.#values[index] ?? "")]);
  }
}

/** What a poll returned. */
export function pollStep(
  polled: readonly PolledRecords[],
  more: { readonly isUncommitted?: boolean; readonly generation?: number },
): PollStep {
  return { kind: "poll", polled: polled.map((records) => new CompactPage(records)), ...more };
}

export function recordsIn(polled: readonly PolledRecords[]): number {
  return polled.reduce((sum, { offsets }) => sum + offsets.length, 0);
}

/**
 * The offset of the first record of a batch.
 *
 * @throws RangeError if the offsets are not in a row: whatever made them is broken
 */
export function baseOffsetOf(offsets: readonly number[], records: number): number {
  const [first] = offsets;
  const isRow = first !== undefined && offsets.every((offset, index) => offset === first + index);
  if (!isRow || offsets.length !== records) {
    throw new RangeError(`${records} records of one batch were acknowledged at ${offsets.join(", ")}`);
  }
  return first;
}
