/** Cycles between the transactions of a log. What stands alone is one by itself: each step of an operation that is none. */
import type { LogOperation, LogStep, LogWork } from "../history.ts";
import type { AnomalyList } from "./anomaly-list.ts";
import { findCycles } from "./cycles.ts";
import { DependencyGraph, type Interval } from "./dependency-graph.ts";
import { isRefused, type LogRecord, type LogTables, nameOf, type PartitionTable } from "./log-tables.ts";

/** Adds cycles, and `G0-realtime` for what stands before something that was acknowledged before it was sent. */
export function checkLogCycles(
  tables: LogTables,
  options: { readonly interleaves: boolean },
  anomalies: AnomalyList,
): void {
  if (options.interleaves) for (const table of tables.partitions.values()) checkRealTime(table, anomalies);
  const builder = new GraphBuilder(tables, options.interleaves);
  const graph = builder.build();
  const names = [...tables.partitions.keys()];
  findCycles(graph, { node: builder.describe, subject: (subject) => names[subject] ?? "" }, anomalies);
}

/** Appends of transactions may interleave, but what was acknowledged stands before what came later. */
function checkRealTime({ partition, order }: PartitionTable, anomalies: AnomalyList): void {
  let earliest: LogRecord | undefined;
  for (const record of order.records.toReversed()) {
    const { work, value, offset } = record;
    if (earliest !== undefined && earliest.work.answeredAt < work.invokedAt) {
      const { value: later, offset: laterOffset, work: laterWork } = earliest;
      anomalies.add(
        "G0-realtime",
        () =>
          `${partition} has ${value} at ${offset} before ${later} at ${laterOffset}: ${nameOf(work)} began after ${nameOf(laterWork)} was answered at ${laterWork.answeredAt}`,
      );
    }
    const isEarlier = earliest === undefined || work.answeredAt < earliest.work.answeredAt;
    if (work.outcome === "ok" && isEarlier) earliest = record;
  }
}

class GraphBuilder {
  readonly #tables: LogTables;
  readonly #interleaves: boolean;
  /** Node of each step; those of a transaction have the same. */
  readonly #nodes = new Map<LogStep, number>();
  readonly #owners: LogWork[] = [];
  readonly #intervals: Interval[] = [];

  constructor(tables: LogTables, interleaves: boolean) {
    this.#tables = tables;
    this.#interleaves = interleaves;
  }

  readonly describe = (node: number): string => {
    const owner = this.#owners[node];
    if (owner === undefined) return `#${node}`;
    return `[${nameOf(owner)}]`;
  };

  build(): DependencyGraph {
    for (const operation of this.#tables.operations) this.#number(operation);
    const graph = new DependencyGraph(this.#owners.length);
    this.#addSteps(graph);
    for (const [subject, table] of [...this.#tables.partitions.values()].entries())
      this.#addWrites(graph, table, subject);
    this.#addReads(graph);
    graph.addTime(this.#intervals);
    return graph;
  }

  #number(operation: LogOperation): void {
    if (operation.kind !== "work") return;
    const { steps, isTransaction, process, invokedAt, answeredAt, outcome } = operation;
    const first = this.#owners.length;
    for (const step of steps) {
      // What surely did not happen has no place; what a failed operation has read, it has read.
      if (step.kind === "send" && isRefused(operation, step)) continue;
      if (!isTransaction || this.#owners.length === first) this.#owners.push(operation);
      this.#nodes.set(step, this.#owners.length - 1);
    }
    const last = this.#owners.length - 1;
    if (last < first) return;
    this.#intervals.push({ process, first, last, invokedAt, answeredAt: outcome === "info" ? Infinity : answeredAt });
  }

  /** The steps of an operation follow each other. */
  #addSteps(graph: DependencyGraph): void {
    for (const { first, last } of this.#intervals) {
      for (let node = first; node < last; node += 1) graph.add(node, node + 1, "process");
    }
  }

  #addWrites(graph: DependencyGraph, { order }: PartitionTable, subject: number): void {
    let before = -1;
    for (const { step, work } of order.records) {
      if (this.#interleaves && work.isTransaction) continue;
      const node = this.#nodes.get(step);
      if (node === undefined) continue;
      if (before >= 0) graph.add(before, node, "ww", subject);
      before = node;
    }
  }

  #addReads(graph: DependencyGraph): void {
    const subjects = new Map([...this.#tables.partitions.keys()].map((partition, index) => [partition, index]));
    for (const [step, reader] of this.#nodes) {
      if (step.kind !== "poll") continue;
      for (const { partition, values } of step.polled) {
        const records = this.#tables.partitions.get(partition)?.records;
        let before = -1;
        for (const value of values) {
          const sent = records?.get(value)?.step;
          const writer = sent === undefined ? undefined : this.#nodes.get(sent);
          if (writer === undefined || writer === before) continue;
          graph.add(writer, reader, "wr", subjects.get(partition));
          before = writer;
        }
      }
    }
  }
}
