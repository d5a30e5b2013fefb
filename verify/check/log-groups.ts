/** What a group read as a whole: whoever takes a partition over begins where it was committed, so nothing is left out. */
import type { LogMark, LogWork, PolledPartition } from "../history.ts";
import type { AnomalyList } from "./anomaly-list.ts";
import { type LogTables, nameOf, type PartitionTable, rankAt } from "./log-tables.ts";

/** What the members of one group polled of one partition. */
interface Reading {
  readonly group: string;
  readonly table: PartitionTable;
  /** By rank. */
  readonly isPolled: Uint8Array;
  rankMax: number;
  /** Who polled so far. */
  furthest: LogWork | undefined;
  /** By all of them. */
  isUncommitted: boolean;
  /** A member was put elsewhere: then anything may be left out. */
  isMoved: boolean;
}

/** Adds `group skip`: a record that nobody of a group polled, though one of them polled a later one. */
export function checkGroups({ processes, partitions }: LogTables, anomalies: AnomalyList): void {
  const readings = new Readings(partitions);
  for (const operations of processes) {
    let group: string | undefined;
    for (const operation of operations) {
      switch (operation.kind) {
        case "work":
          if (group !== undefined) readings.poll(group, operation);
          break;
        case "seek":
          if (group !== undefined) readings.move(group, operation);
          break;
        case "end":
          break;
        default:
          ({ group } = operation);
      }
    }
  }
  for (const reading of readings.all()) if (!reading.isMoved) checkReading(reading, anomalies);
}

class Readings {
  readonly #partitions: ReadonlyMap<string, PartitionTable>;
  readonly #byGroup = new Map<string, Map<string, Reading>>();

  constructor(partitions: ReadonlyMap<string, PartitionTable>) {
    this.#partitions = partitions;
  }

  move(group: string, { partitions }: LogMark): void {
    for (const partition of partitions) {
      const reading = this.#of(group, partition);
      if (reading !== undefined) reading.isMoved = true;
    }
  }

  poll(group: string, work: LogWork): void {
    for (const step of work.steps) {
      if (step.kind === "send") continue;
      for (const polled of step.polled) this.#add(group, work, polled, step.isUncommitted === true);
    }
  }

  all(): Reading[] {
    return [...this.#byGroup.values()].flatMap((readings) => [...readings.values()]);
  }

  #add(group: string, work: LogWork, { partition, offsets }: PolledPartition, isUncommitted: boolean): void {
    const reading = this.#of(group, partition);
    if (reading === undefined) return;
    reading.isUncommitted &&= isUncommitted;
    let rank = -1;
    for (const offset of offsets) {
      const found = rankAt(reading.table.order, offset, rank);
      if (found < 0) continue;
      rank = found;
      reading.isPolled[rank] = 1;
      if (rank <= reading.rankMax) continue;
      reading.rankMax = rank;
      reading.furthest = work;
    }
  }

  #of(group: string, partition: string): Reading | undefined {
    const readings = this.#byGroup.get(group) ?? new Map<string, Reading>();
    this.#byGroup.set(group, readings);
    const existing = readings.get(partition);
    const table = this.#partitions.get(partition);
    if (existing !== undefined || table === undefined) return existing;
    const isPolled = new Uint8Array(table.order.records.length);
    const reading = { group, table, isPolled, rankMax: -1, furthest: undefined, isUncommitted: true, isMoved: false };
    readings.set(partition, reading);
    return reading;
  }
}

function checkReading(reading: Reading, anomalies: AnomalyList): void {
  const { group, table, isPolled, rankMax, furthest, isUncommitted } = reading;
  const { records, requiredBefore } = table.order;
  const required = requiredBefore[isUncommitted ? "uncommitted" : "committed"];
  for (let rank = 0; rank < rankMax; rank += 1) {
    const record = records[rank];
    const isRequired = (required[rank + 1] ?? 0) > (required[rank] ?? 0);
    if (!isRequired || isPolled[rank] === 1 || record === undefined || furthest === undefined) continue;
    const { value, offset } = record;
    anomalies.add(
      "group skip",
      () =>
        `${table.partition}: nobody of ${group} polled ${value} at ${offset}, though the ${nameOf(furthest)} was beyond`,
    );
  }
}
