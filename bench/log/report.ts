import { cpus } from "node:os";
import { formatTable } from "../../local/console/table.ts";
import { cellTitle, sizeTitle } from "./cells.ts";
import type { CellName } from "./cells.ts";
import type { Measurement } from "./measure.ts";

export interface CellReport extends CellName {
  readonly title: string;
  readonly operations: number;
  readonly operationsPerSecond: number;
  readonly recordsPerSecond: number;
  /** Millions of bytes. */
  readonly mbPerSecond: number;
  /** Of the process that holds the log. */
  readonly cpuMsPerOperation: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of the faster of the two raw paths at the same size and concurrency, where both were measured. */
  readonly shareOfCeiling?: number;
}

export interface LogReport {
  readonly bench: "log";
  readonly at: string;
  readonly node: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly folder: string;
  readonly secondsPerCell: number;
  readonly recordBytes: number;
  readonly cells: readonly CellReport[];
}

/** One cell's figures. */
export function cellReport(cell: CellName, measured: Measurement): CellReport {
  const { operations, records, bytes, elapsedMs, cpuMs, p50Ms, p99Ms } = measured;
  return {
    ...cell,
    title: cellTitle(cell),
    operations,
    operationsPerSecond: round((operations * 1_000) / elapsedMs, 1),
    recordsPerSecond: Math.round((records * 1_000) / elapsedMs),
    mbPerSecond: round(bytes / elapsedMs / 1_000, 2),
    cpuMsPerOperation: round(cpuMs / Math.max(1, operations), 3),
    p50Ms: round(p50Ms, 3),
    p99Ms: round(p99Ms, 3),
  };
}

/** All figures, each next to its ceiling. */
export function logReport(
  cells: readonly CellReport[],
  options: { readonly seconds: number; readonly recordBytes: number; readonly folder: string },
): LogReport {
  return {
    bench: "log",
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    folder: options.folder,
    secondsPerCell: options.seconds,
    recordBytes: options.recordBytes,
    cells: cells.map((cell) => withShare(cell, cells)),
  };
}

/** The report as a table. */
export function logTable(report: LogReport): string {
  const rows = report.cells.map((cell) => [
    cell.path,
    cell.operation,
    sizeTitle(cell.batchBytes),
    cell.connections,
    Math.round(cell.operationsPerSecond),
    cell.path === "lmdb" || cell.path === "file" ? "" : String(cell.recordsPerSecond),
    cell.mbPerSecond,
    cell.cpuMsPerOperation,
    cell.p50Ms,
    cell.p99Ms,
    cell.shareOfCeiling === undefined ? "" : `${Math.round(cell.shareOfCeiling * 100)}%`,
  ]);
  const head = [
    "PATH",
    "OPERATION",
    "BATCH",
    "CONNECTIONS",
    "OPS/S",
    "RECORDS/S",
    "MB/S",
    "CPU MS/OP",
    "P50 MS",
    "P99 MS",
    "OF CEILING",
  ];
  const about = `${report.cpus} x ${report.cpu}, Node ${report.node}, records of ${report.recordBytes} bytes, data in ${report.folder}\n`;
  return about + formatTable(head, rows);
}

function withShare(cell: CellReport, cells: readonly CellReport[]): CellReport {
  if (cell.path === "lmdb" || cell.path === "file") return cell;
  const ceilings = cells.filter(
    (raw) =>
      (raw.path === "lmdb" || raw.path === "file") &&
      raw.operation === cell.operation &&
      raw.batchBytes === cell.batchBytes &&
      raw.connections === cell.connections,
  );
  if (ceilings.length === 0) return cell;
  const ceiling = Math.max(...ceilings.map((raw) => raw.mbPerSecond));
  return { ...cell, shareOfCeiling: round(cell.mbPerSecond / ceiling, 3) };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
