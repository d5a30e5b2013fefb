/** What a history of a log says of each partition: who wrote which value, where it stands, and who has seen it. */
import type { LogHistory, LogOperation, LogWork, PollStep, SendStep } from "../history.ts";
import type { AnomalyList } from "./anomaly-list.ts";

/** What became of one record, as far as the history tells. */
export interface LogRecord {
  readonly value: number;
  readonly work: LogWork;
  readonly step: SendStep;
  readonly key: string | undefined;
  /** -1 while it is unknown. */
  offset: number;
  /** In the graph of dependencies; -1 if it has none. */
  node: number;
  /** It was promised, or a part of what cannot be parted was seen. */
  isRequired: boolean;
  isSeen: boolean;
  isSeenCommitted: boolean;
  isSeenAtEnd: boolean;
}

/** The records of a partition that are known to be there, by offset. */
export interface VersionOrder {
  readonly records: readonly LogRecord[];
  readonly offsets: Float64Array;
  /** How many of the records before this rank no reader may miss; for readers of uncommitted records, and of committed ones. */
  readonly requiredBefore: { readonly uncommitted: Int32Array; readonly committed: Int32Array };
}

export interface PartitionTable {
  readonly partition: string;
  readonly records: Map<number, LogRecord>;
  readonly logStartOffset: number;
  readonly isCompacted: boolean;
  order: VersionOrder;
  isPolledAtEnd: boolean;
}

export interface LogTables {
  /** Of each process what it did, by time. */
  readonly processes: readonly (readonly LogOperation[])[];
  readonly partitions: ReadonlyMap<string, PartitionTable>;
}

const emptyOrder: VersionOrder = {
  records: [],
  offsets: new Float64Array(),
  requiredBefore: { uncommitted: new Int32Array(1), committed: new Int32Array(1) },
};

/**
 * Reads the whole history once.
 * @throws RangeError if the history itself is wrong: a value sent twice, or lists of different lengths.
 */
export function buildLogTables(history: LogHistory, anomalies: AnomalyList): LogTables {
  const builder = new TableBuilder(history, anomalies);
  return builder.build();
}

/** Whether somebody was promised that what the step sent is there. */
function isAcknowledged(work: LogWork, step: SendStep): boolean {
  return work.outcome === "ok" || (!work.isTransaction && step.offsets !== undefined);
}

/** Whether what the step sent is surely not there, for readers of committed records. */
export function isRefused(work: LogWork, step: SendStep): boolean {
  return work.outcome === "fail" && !isAcknowledged(work, step);
}

/** How an operation is named in an anomaly. */
export function nameOf({ process, invokedAt, kind, outcome }: LogOperation): string {
  return `${kind === "work" ? "operation" : kind} of process ${process} at ${invokedAt} (${outcome})`;
}

/** How many records stand before an offset. */
export function rankOf({ offsets }: VersionOrder, offset: number): number {
  let [low, high] = [0, offsets.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((offsets[middle] ?? Infinity) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Rank of the record at an offset, which mostly is the one after the last that was asked for; -1 if there is none. */
export function rankAt(order: VersionOrder, offset: number, lastRank: number): number {
  if (order.offsets[lastRank + 1] === offset) return lastRank + 1;
  const rank = rankOf(order, offset);
  return order.offsets[rank] === offset ? rank : -1;
}

class TableBuilder {
  readonly #history: LogHistory;
  readonly #anomalies: AnomalyList;
  readonly #partitions = new Map<string, PartitionTable>();

  constructor(history: LogHistory, anomalies: AnomalyList) {
    this.#history = history;
    this.#anomalies = anomalies;
  }

  build(): LogTables {
    const works = this.#history.operations.filter((operation) => operation.kind === "work");
    for (const work of works) {
      for (const step of work.steps) if (step.kind === "send") this.#addSend(work, step);
    }
    for (const work of works) {
      for (const step of work.steps) if (step.kind === "poll") this.#addPoll(work, step);
    }
    for (const table of this.#partitions.values()) this.#finish(table);
    // Histories are nearly in order of time, so that each process alone is sorted at once.
    const processes = [...Map.groupBy(this.#history.operations, ({ process }) => process).values()];
    for (const operations of processes) operations.sort((one, other) => one.invokedAt - other.invokedAt);
    return { processes, partitions: this.#partitions };
  }

  #table(partition: string): PartitionTable {
    const existing = this.#partitions.get(partition);
    if (existing !== undefined) return existing;
    const table: PartitionTable = {
      partition,
      records: new Map(),
      logStartOffset: this.#history.logStartOffsets?.get(partition) ?? 0,
      isCompacted: this.#history.compactedPartitions?.has(partition) === true,
      order: emptyOrder,
      isPolledAtEnd: false,
    };
    this.#partitions.set(partition, table);
    return table;
  }

  #addSend(work: LogWork, step: SendStep): void {
    const { records } = this.#table(step.partition);
    const { values, keys, offsets } = step;
    if ((keys ?? values).length !== values.length || (offsets ?? values).length !== values.length) {
      throw new RangeError(`lists of different lengths in the ${nameOf(work)}`);
    }
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] ?? -1;
      if (records.has(value)) throw new RangeError(`${value} was sent twice to ${step.partition}`);
      records.set(value, {
        value,
        work,
        step,
        key: keys?.[index],
        offset: offsets?.[index] ?? -1,
        node: -1,
        isRequired: isAcknowledged(work, step),
        isSeen: false,
        isSeenCommitted: false,
        isSeenAtEnd: false,
      });
    }
  }

  #addPoll(work: LogWork, step: PollStep): void {
    for (const { partition, offsets, values } of step.polled) {
      const table = this.#table(partition);
      if (offsets.length !== values.length) throw new RangeError(`lists of different lengths in the ${nameOf(work)}`);
      if (work.isFinal === true) table.isPolledAtEnd = true;
      for (let index = 0; index < values.length; index += 1) {
        const value = values[index] ?? -1;
        const offset = offsets[index] ?? -1;
        const record = table.records.get(value);
        if (record === undefined) {
          this.#anomalies.add(
            "phantom",
            () => `${partition} has ${value} at ${offset}, which nobody sent: ${nameOf(work)}`,
          );
          continue;
        }
        this.#see(table, record, offset, work);
        record.isSeen = true;
        if (!record.work.isTransaction && !record.isRequired) this.#require(record);
        if (step.isUncommitted !== true) this.#seeCommitted(table, record, work);
        // What was in no transaction nobody aborts later: if it failed, nobody may see it.
        else if (!record.work.isTransaction) this.#expectKept(table, record, work);
        if (work.isFinal === true) record.isSeenAtEnd = true;
      }
    }
  }

  #see({ partition }: PartitionTable, record: LogRecord, offset: number, work: LogWork): void {
    if (record.offset === offset) return;
    if (record.offset >= 0) {
      const { value, offset: other } = record;
      this.#anomalies.add("duplicate", () => `${partition} has ${value} at ${other} and at ${offset}: ${nameOf(work)}`);
      return;
    }
    record.offset = offset;
  }

  #seeCommitted(table: PartitionTable, record: LogRecord, work: LogWork): void {
    const { value, work: writer } = record;
    if (work === writer && work.isTransaction) {
      const { partition } = table;
      this.#anomalies.add("precommitted read", () => `${nameOf(work)} polled its own ${value} of ${partition}`);
      return;
    }
    this.#expectKept(table, record, work);
    if (!record.isSeenCommitted) {
      record.isSeenCommitted = true;
      if (!record.isRequired) this.#require(record);
    }
  }

  /** A reader may not be given what surely failed. */
  #expectKept({ partition }: PartitionTable, { value, work: writer, step }: LogRecord, work: LogWork): void {
    if (!isRefused(writer, step)) return;
    this.#anomalies.add(
      "aborted read",
      () => `${nameOf(work)} polled ${value} of ${partition}, of the failed ${nameOf(writer)}`,
    );
  }

  /** What belongs to a record that was seen is there too: its batch, and all of its transaction that was appended. */
  #require({ work, step }: LogRecord): void {
    for (const other of work.steps) {
      if (other.kind !== "send") continue;
      if (other !== step && !(work.isTransaction && other.offsets !== undefined)) continue;
      const { records } = this.#table(other.partition);
      for (const value of other.values) {
        const record = records.get(value);
        if (record !== undefined) record.isRequired = true;
      }
    }
  }

  #finish(table: PartitionTable): void {
    const placed = [...table.records.values()].filter(({ offset }) => offset >= 0);
    placed.sort((one, other) => one.offset - other.offset);
    this.#compareOffsets(table, placed);
    const there = placed.filter(({ isSeen, isRequired }) => isSeen || isRequired);
    const offsets = Float64Array.from(there, ({ offset }) => offset);
    const isForgettable = forgettable(table, there);
    const uncommitted = new Int32Array(there.length + 1);
    const committed = new Int32Array(there.length + 1);
    for (const [rank, record] of there.entries()) {
      const { isRequired, isSeenCommitted } = record;
      const counts = isForgettable(rank) ? 0 : 1;
      uncommitted[rank + 1] = (uncommitted[rank] ?? 0) + counts;
      committed[rank + 1] = (committed[rank] ?? 0) + (isRequired || isSeenCommitted ? counts : 0);
    }
    table.order = { records: there, offsets, requiredBefore: { uncommitted, committed } };
  }

  /** An offset of a send that was aborted is taken as well. */
  #compareOffsets({ partition }: PartitionTable, placed: readonly LogRecord[]): void {
    let holder: LogRecord | undefined;
    for (const record of placed) {
      const before = holder;
      holder = record;
      if (before?.offset !== record.offset) continue;
      this.#anomalies.add(
        "inconsistent offsets",
        () =>
          `${partition} has ${before.value} and ${record.value} at ${record.offset}: ${nameOf(before.work)}, ${nameOf(record.work)}`,
      );
    }
  }
}

/** Whether the record at a rank may be gone: trimmed, or compacted away because a later one has its key. */
function forgettable(
  { isCompacted, logStartOffset }: PartitionTable,
  there: readonly LogRecord[],
): (rank: number) => boolean {
  const lasts = new Map<string, number>();
  if (isCompacted) {
    for (const [rank, { key }] of there.entries()) if (key !== undefined) lasts.set(key, rank);
  }
  return (rank) => {
    const record = there[rank];
    if (record === undefined) return false;
    return (
      record.offset < logStartOffset || (isCompacted && record.key !== undefined && lasts.get(record.key) !== rank)
    );
  };
}
