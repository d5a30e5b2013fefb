/** What each process saw and wrote one after the other: readers neither skip nor go back, sends go forward. */
import type { LogMark, LogOperation, LogWork, PolledPartition, PollStep, SendStep } from "../history.ts";
import type { AnomalyList } from "./anomaly-list.ts";
import { type LogTables, nameOf, type PartitionTable, rankAt, rankOf } from "./log-tables.ts";

/** Counted, not judged. */
export interface PositionCounts {
  polledTwice: number;
  /** Longest time for which an acknowledged record had been there when a poll of its partition did not return it. */
  lagMax: number;
}

interface Place {
  /** Where the next poll is to start. */
  nextOffset: number;
  /** The operation that brought it there, if a poll did. */
  work: LogWork | undefined;
  generation: number | undefined;
}

/** Adds the skips and steps back of polls and sends. Kafka lets transactions interleave; then `interleaves` is to be true. */
export function checkPositions(
  { processes, partitions }: LogTables,
  options: { readonly interleaves: boolean },
  anomalies: AnomalyList,
): PositionCounts {
  const counts: PositionCounts = { polledTwice: 0, lagMax: 0 };
  const acknowledged = new Map([...partitions].map(([name, table]) => [name, firstAcknowledged(table)]));
  const seenBy = new Map([...partitions].map(([name, table]) => [name, new Int32Array(table.order.records.length)]));
  const around = { partitions, acknowledged, seenBy, counts, anomalies, ...options };
  for (const [index, operations] of processes.entries()) {
    const client = new Client(index + 1, around);
    for (const operation of operations) client.follow(operation);
  }
  return counts;
}

interface Surroundings {
  readonly partitions: ReadonlyMap<string, PartitionTable>;
  readonly acknowledged: ReadonlyMap<string, Float64Array>;
  readonly seenBy: ReadonlyMap<string, Int32Array>;
  readonly counts: PositionCounts;
  readonly anomalies: AnomalyList;
  readonly interleaves: boolean;
}

/** One process, followed through its operations. */
class Client {
  /** Above 0. */
  readonly #number: number;
  readonly #around: Surroundings;
  readonly #places = new Map<string, Place>();
  readonly #sent = new Map<string, { offset: number; work: LogWork }>();
  #isSubscribed = false;

  constructor(number: number, around: Surroundings) {
    this.#number = number;
    this.#around = around;
  }

  follow(operation: LogOperation): void {
    if (operation.kind !== "work") return this.#mark(operation);
    for (const step of operation.steps) {
      if (step.kind === "send") this.#send(operation, step);
      else for (const polled of step.polled) this.#poll(operation, step, polled);
    }
  }

  #mark({ kind, partitions, offset }: LogMark): void {
    switch (kind) {
      case "assign": {
        const kept = new Set(partitions);
        for (const name of this.#places.keys()) if (this.#isSubscribed || !kept.has(name)) this.#places.delete(name);
        this.#isSubscribed = false;
        return;
      }
      case "seek":
        for (const name of partitions) {
          if (offset === undefined) this.#places.delete(name);
          else this.#places.set(name, { nextOffset: offset, work: undefined, generation: undefined });
        }
        return;
      case "subscribe":
      case "crash":
        this.#places.clear();
        this.#isSubscribed = kind === "subscribe";
        return;
      case "end":
    }
  }

  #poll(work: LogWork, step: PollStep, { partition, offsets }: PolledPartition): void {
    const table = this.#around.partitions.get(partition);
    const seen = this.#around.seenBy.get(partition);
    if (table === undefined || seen === undefined) return;
    let place = this.#places.get(partition);
    // In a group positions move when partitions do; only who tells of that can be judged.
    const isMoved = this.#isSubscribed && (step.generation === undefined || step.generation !== place?.generation);
    if (isMoved && place?.work !== work) place = undefined;
    let rank = -1;
    for (const offset of offsets) {
      if (place !== undefined && offset !== place.nextOffset) this.#compare(work, step, table, place, offset);
      place ??= { nextOffset: -1, work, generation: undefined };
      place.nextOffset = offset + 1;
      place.work = work;
      place.generation = step.generation;
      rank = this.#count(table, seen, offset, rank);
    }
    if (place === undefined) return;
    this.#places.set(partition, place);
    this.#measureLag(work, table, place.nextOffset);
  }

  #compare(work: LogWork, step: PollStep, table: PartitionTable, place: Place, offset: number): void {
    const { nextOffset } = place;
    const prefix = place.work === work ? "internal " : "";
    if (offset < nextOffset) {
      this.#around.anomalies.add(
        `${prefix}nonmonotonic poll`,
        () => `${table.partition}: ${nameOf(work)} polled ${offset} when ${nextOffset} was next`,
      );
      return;
    }
    const required = table.order.requiredBefore[step.isUncommitted === true ? "uncommitted" : "committed"];
    const [from, to] = [rankOf(table.order, nextOffset), rankOf(table.order, offset)];
    const missed = (required[to] ?? 0) - (required[from] ?? 0);
    if (missed <= 0) return;
    this.#around.anomalies.add(
      `${prefix}poll skip`,
      () => `${table.partition}: ${nameOf(work)} polled ${offset} when ${nextOffset} was next, and missed ${missed}`,
    );
  }

  /** Of each record the place that it was told, or at which it was seen. */
  #send(work: LogWork, { partition, values }: SendStep): void {
    const table = this.#around.partitions.get(partition);
    let last = this.#sent.get(partition);
    for (const [index, value] of values.entries()) {
      const offset = table?.records.get(value)?.offset ?? -1;
      if (table === undefined || offset < 0) continue;
      if (last !== undefined) this.#compareSends(work, table, last, { value, offset, isFirst: index === 0 });
      last = { offset, work };
    }
    if (last !== undefined) this.#sent.set(partition, last);
  }

  #compareSends(
    work: LogWork,
    { partition, order }: PartitionTable,
    last: { readonly offset: number; readonly work: LogWork },
    { value, offset, isFirst }: { readonly value: number; readonly offset: number; readonly isFirst: boolean },
  ): void {
    const { anomalies, interleaves } = this.#around;
    const isInternal = last.work === work;
    if (offset <= last.offset) {
      anomalies.add(
        `${isInternal ? "internal " : ""}nonmonotonic send`,
        () => `${partition}: ${nameOf(work)} wrote ${value} at ${offset}, after its process wrote at ${last.offset}`,
      );
      return;
    }
    const isOneAppend = !isFirst || (work.isTransaction && !interleaves);
    if (!isInternal || !isOneAppend || offset === last.offset + 1) return;
    const between = rankOf(order, offset) - rankOf(order, last.offset + 1);
    if (between <= 0) return;
    anomalies.add(
      "internal send skip",
      () => `${partition}: ${nameOf(work)} wrote ${value} at ${offset}, ${between} behind its own at ${last.offset}`,
    );
  }

  /** Answers the rank of what was polled. */
  #count(table: PartitionTable, seen: Int32Array, offset: number, lastRank: number): number {
    const rank = rankAt(table.order, offset, lastRank);
    if (rank < 0) return lastRank;
    if (seen[rank] === this.#number) this.#around.counts.polledTwice += 1;
    seen[rank] = this.#number;
    return rank;
  }

  #measureLag({ invokedAt }: LogWork, { partition, order }: PartitionTable, nextOffset: number): void {
    const { acknowledged, counts } = this.#around;
    const since = acknowledged.get(partition)?.[rankOf(order, nextOffset)] ?? Infinity;
    counts.lagMax = Math.max(counts.lagMax, invokedAt - since);
  }
}

/** By rank: when the first of the records from there on was acknowledged. */
function firstAcknowledged({ order }: PartitionTable): Float64Array {
  const first = new Float64Array(order.records.length + 1).fill(Infinity);
  for (let rank = order.records.length - 1; rank >= 0; rank -= 1) {
    const work = order.records[rank]?.work;
    first[rank] = Math.min(first[rank + 1] ?? Infinity, work?.outcome === "ok" ? work.answeredAt : Infinity);
  }
  return first;
}
