import { cpus } from "node:os";
import { formatTable } from "../../local/console/table.ts";
import type { LoadFigures, TreeFigures } from "./tree-bench.ts";

export interface TreeReport {
  readonly bench: "tree";
  readonly at: string;
  readonly node: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly folder: string;
  readonly secondsPerCell: number;
  readonly cells: readonly TreeFigures[];
  readonly loads: readonly LoadFigures[];
}

export function treeReport(
  cells: readonly TreeFigures[],
  loads: readonly LoadFigures[],
  options: { readonly seconds: number; readonly dir: string },
): TreeReport {
  return {
    bench: "tree",
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    folder: options.dir,
    secondsPerCell: options.seconds,
    cells,
    loads,
  };
}

export function treeTable(report: TreeReport): string {
  const cells = report.cells.map(({ path, operation, clients, operationsPerSecond, p50Ms, p99Ms }) => [
    path,
    operation,
    clients,
    operationsPerSecond,
    p50Ms,
    p99Ms,
  ]);
  const loads = report.loads.map(({ znodes, snapshotMb, coldReadMs, coldReadCpuMs, requests, heapMb }) => [
    znodes,
    snapshotMb,
    coldReadMs,
    coldReadCpuMs,
    requests,
    heapMb,
  ]);
  return [
    `${report.cpus} x ${report.cpu}, Node ${report.node}, data in ${report.folder}\n`,
    formatTable(["PATH", "OPERATION", "CLIENTS", "OPS/S", "P50 MS", "P99 MS"], cells),
    loads.length === 0 ? "" : "\n",
    loads.length === 0
      ? ""
      : formatTable(["ZNODES", "SNAPSHOT MB", "COLD READ MS", "CPU MS", "REQUESTS", "HEAP MB"], loads),
  ].join("");
}
