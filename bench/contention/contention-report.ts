import { cpus } from "node:os";
import { formatTable } from "../../local/console/table.ts";
import type { ContentionFigures } from "./call-on.ts";
import type { ContendedLog } from "./contended-log.ts";

export interface ContentionCell extends ContentionFigures {
  readonly log: ContendedLog;
  /** `virtual` time, or real time over the emulated DynamoDB. */
  readonly store: "virtual" | "emulator";
}

export interface ContentionReport {
  readonly bench: "contention";
  readonly at: string;
  readonly node: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly secondsPerCell: number;
  readonly pauseMsMax: number;
  readonly slowdown: number;
  readonly cells: readonly ContentionCell[];
}

export function contentionReport(
  cells: readonly ContentionCell[],
  options: { readonly seconds: number; readonly pauseMs: number; readonly slowdown: number },
): ContentionReport {
  return {
    bench: "contention",
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    secondsPerCell: options.seconds,
    pauseMsMax: options.pauseMs,
    slowdown: options.slowdown,
    cells,
  };
}

export function contentionTable(report: ContentionReport): string {
  const header = [
    "STORE",
    "LOG",
    "CALLERS",
    "APPENDS/S",
    "P50 MS",
    "P99 MS",
    "MAX MS",
    "WRITES/APPEND",
    "QUERIES",
    "RETRIES",
    "WASTED WU",
    "FEWEST/MEAN",
    "FAILED",
  ];
  const rows = report.cells.map((cell) => [
    cell.store,
    cell.log,
    cell.callers,
    cell.appendsPerSecond,
    cell.p50Ms,
    cell.p99Ms,
    cell.maxMs,
    cell.writesPerAppend,
    cell.queriesPerAppend,
    cell.retriesPerAppend,
    cell.wastedWriteUnitsPerAppend,
    cell.fewestShare,
    cell.failed,
  ]);
  const times = report.slowdown === 1 ? "" : `, over the emulator ${report.slowdown} times that`;
  const setting = `A put takes 6 ms and a query 4 to 6 ms${times}; each caller has one append on its way`;
  return `${setting}; ${report.secondsPerCell} s a cell, Node ${report.node}\n${formatTable(header, rows)}`;
}
