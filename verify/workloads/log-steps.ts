/** Steps of a log's history. A run has millions of records: what a target answers is kept as it is. */
import type { PollStep } from "../history.ts";
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

/** What a poll returned. */
export function pollStep(
  polled: readonly PolledRecords[],
  more: { readonly isUncommitted?: boolean; readonly generation?: number },
): PollStep {
  const pages = polled.map((page) => ({
    partition: partitionName(page),
    offsets: page.offsets,
    values: page.values,
  }));
  return { kind: "poll", polled: pages, ...more };
}

export function recordsIn(polled: readonly PolledRecords[]): number {
  return polled.reduce((sum, { offsets }) => sum + offsets.length, 0);
}
