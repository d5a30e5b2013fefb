/** Cycles between the transactions of a log. What stands alone is one by itself: each step of an operation that is none. */
import type { LogOperation, LogWork, PollStep, SendStep } from "../history.ts";
import type { AnomalyList } from "./anomaly-list.ts";
import { findCycles } from "./cycles.ts";
import { DependencyGraph, type Interval } from "./dependency-graph.ts";
import { isRefused, type LogRecord, type LogTables, nameOf, type PartitionTable, rankAt } from "./log-tables.ts";

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
  readonly #polls: { readonly step: PollStep; readonly node: number }[] = [];
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
    for (const operations of this.#tables.processes) for (const operation of operations) this.#number(operation);
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
      // All steps of a transaction have one node.
      const node = this.#owners.length - 1;
      if (step.kind === "poll") this.#polls.push({ step, node });
      else this.#setWriter(step, node);
    }
    const last = this.#owners.length - 1;
    if (last < first) return;
    this.#intervals.push({ process, first, last, invokedAt, answeredAt: outcome === "info" ? Infinity : answeredAt });
  }

  #setWriter({ partition, values }: SendStep, node: number): void {
    const records = this.#tables.partitions.get(partition)?.records;
    for (const value of values) {
      const record = records?.get(value);
      if (record !== undefined) record.node = node;
    }
  }

  /** The steps of an operation follow each other. */
  #addSteps(graph: DependencyGraph): void {
    for (const { first, last } of this.#intervals) {
      for (let node = first; node < last; node += 1) graph.add(node, node + 1, "process");
    }
  }

  #addWrites(graph: DependencyGraph, { order }: PartitionTable, subject: number): void {
    let before = -1;
    for (const { node, work } of order.records) {
      if (node < 0 || (this.#interleaves && work.isTransaction)) continue;
      if (before >= 0) graph.add(before, node, "ww", subject);
      before = node;
    }
  }

  #addReads(graph: DependencyGraph): void {
    const writers = new Map(
      [...this.#tables.partitions].map(([partition, { order }], subject) => [
        partition,
        { subject, order, nodes: Int32Array.from(order.records, ({ node }) => node) },
      ]),
    );
    for (const { step, node: reader } of this.#polls) {
      for (const { partition, offsets } of step.polled) {
        const written = writers.get(partition);
        if (written === undefined) continue;
        const { subject, order, nodes } = written;
        let [before, rank] = [-1, -1];
        for (const offset of offsets) {
          rank = rankAt(order, offset, rank);
          const writer = nodes[rank] ?? -1;
          if (writer < 0 || writer === before) continue;
          graph.add(writer, reader, "wr", subject);
          before = writer;
        }
      }
    }
  }
}
