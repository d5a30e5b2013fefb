/** Whether multis over several znodes are strictly serializable: some order of them explains what all saw, and keeps to time. */
import type { MultiOperation } from "../history.ts";
import type { Anomaly } from "./anomaly.ts";
import { AnomalyList } from "./anomaly-list.ts";
import { findCycles } from "./cycles.ts";
import { DependencyGraph } from "./dependency-graph.ts";
import { versionsOf, type ZnodeVersions } from "./multi-versions.ts";

/**
 * Anomalies are cycles (`G0`, `G1c`, `G-single`, `G2`, with `-process` or `-realtime` where it needs these), and `aborted read`,
 * `intermediate read`, `incompatible order`, `inconsistent version`, `lost update`, `phantom element`, `duplicate element`.
 */
export function checkMultis(operations: readonly MultiOperation[]): readonly Anomaly[] {
  const anomalies = new AnomalyList();
  const describe = (node: number): string => describeMulti(operations[node]);
  const znodes = versionsOf(operations, describe, anomalies);
  const graph = new DependencyGraph(operations.length);
  for (const [subject, versions] of znodes.entries()) addVersions(graph, versions, subject);
  graph.addTime(
    operations.flatMap(({ process, invokedAt, answeredAt, outcome }, node) =>
      outcome === "fail"
        ? []
        : [{ process, first: node, last: node, invokedAt, answeredAt: outcome === "ok" ? answeredAt : Infinity }],
    ),
  );
  findCycles(graph, { node: describe, subject: (subject) => znodes[subject]?.znode ?? "" }, anomalies);
  return anomalies.found();
}

function addVersions(graph: DependencyGraph, { writers, readers, laterWriters }: ZnodeVersions, subject: number): void {
  let last: number | undefined;
  /** Who read since the last known write. */
  let readersBefore: number[] = [];
  for (const [rank, writer] of writers.entries()) {
    if (writer !== undefined) {
      if (last !== undefined) graph.add(last, writer, "ww", subject);
      for (const reader of readersBefore) graph.add(reader, writer, "rw", subject);
      readersBefore = [];
      last = writer;
    }
    for (const reader of readers[rank] ?? []) {
      if (writer !== undefined) graph.add(writer, reader, "wr", subject);
      readersBefore.push(reader);
    }
  }
  if (laterWriters.length === 0) return;
  // One node between all these readers and all these writers, instead of an edge for each pair.
  const between = graph.addMoment();
  for (const reader of readersBefore) graph.add(reader, between, "rw", subject);
  for (const writer of laterWriters) {
    if (last !== undefined) graph.add(last, writer, "ww", subject);
    graph.add(between, writer, "ww", subject);
  }
}

function describeMulti(operation: MultiOperation | undefined): string {
  if (operation === undefined) return "the beginning";
  const { process, invokedAt, answeredAt, outcome, steps } = operation;
  const shown = steps.map((step) => {
    switch (step.kind) {
      case "append":
        return `append ${step.znode} ${step.value}`;
      case "readList":
        return `read ${step.znode} ${(step.values ?? []).slice(-3).join(" ")}`;
      case "write":
      case "read":
        return `${step.kind} ${step.znode} ${step.value} v${step.version}`;
    }
  });
  return `[process ${process}, ${invokedAt} to ${answeredAt}, ${outcome}: ${shown.join(", ")}]`;
}
