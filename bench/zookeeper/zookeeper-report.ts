import { cpus } from "node:os";
import { formatTable } from "../../local/console/table.ts";
import type { BenchedServer, Measured, ZooKeeperBenchOptions } from "./zookeeper-bench.ts";

export interface CellFigures {
  readonly operationsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly serverCpuUs: number;
  readonly clientCpuShare: number;
}

/** Medians of the rounds; a ratio above 1 says that Streamkeeper is the better one. */
export interface CellReport {
  readonly cell: string;
  readonly zookeeper?: CellFigures;
  readonly streamkeeper?: CellFigures;
  readonly ratios?: Pick<CellFigures, "operationsPerSecond" | "p50Ms" | "p99Ms">;
  readonly failures: readonly string[];
}

export interface ZooKeeperReport {
  readonly bench: "zookeeper";
  readonly at: string;
  readonly node: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly folder: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly durability: string;
  /** What the load generator gets from a server that does nothing. */
  readonly client: Readonly<Record<string, number>>;
  readonly cells: readonly CellReport[];
  readonly measured: readonly Measured[];
}

const durability =
  "ZooKeeper forces its transaction log to the disk (forceSync=yes, its default) before it answers a group of writes; " +
  "Streamkeeper its write-ahead log, likewise";

export function zooKeeperReport(measured: readonly Measured[], options: ZooKeeperBenchOptions): ZooKeeperReport {
  return {
    bench: "zookeeper",
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    folder: options.folder,
    rounds: options.rounds,
    seconds: options.seconds,
    durability,
    client: Object.fromEntries(
      measured.flatMap(({ server, cell, figures }) =>
        server === "client" && figures !== undefined ? [[cell, Math.round(figures.operationsPerSecond)]] : [],
      ),
    ),
    cells: cellReports(measured),
    measured,
  };
}

/** @param measured all rounds of all servers */
export function cellReports(measured: readonly Measured[]): CellReport[] {
  const ofServers = measured.filter(({ server }) => server !== "client");
  return [...new Set(ofServers.map(({ cell }) => cell))].map((cell) => {
    const ofCell = ofServers.filter((one) => one.cell === cell);
    const zookeeper = medians(ofCell, "zookeeper");
    const streamkeeper = medians(ofCell, "streamkeeper");
    return {
      cell,
      ...(zookeeper === undefined ? {} : { zookeeper }),
      ...(streamkeeper === undefined ? {} : { streamkeeper }),
      ...(zookeeper === undefined || streamkeeper === undefined ? {} : { ratios: ratios(zookeeper, streamkeeper) }),
      failures: ofCell.flatMap(({ server, failure }) => (failure === undefined ? [] : [`${server}: ${failure}`])),
    };
  });
}

export function zooKeeperTable(report: ZooKeeperReport): string {
  const rows = report.cells.map(({ cell, zookeeper, streamkeeper, ratios: ratio }) => [
    cell,
    ...columns(zookeeper),
    ...columns(streamkeeper),
    ratio?.operationsPerSecond ?? "",
    ratio?.p50Ms ?? "",
    ratio?.p99Ms ?? "",
  ]);
  const failures = report.cells.flatMap(({ cell, failures: all }) => all.map((failure) => `${cell}, ${failure}\n`));
  const client = Object.entries(report.client).map(([cell, perSecond]) => `${cell} ${perSecond}/s`);
  return [
    `${report.cpus} x ${report.cpu}, Node ${report.node}, data in ${report.folder}\n`,
    `${report.durability}.\n`,
    `Medians of ${report.rounds} rounds of ${report.seconds} s; mix is 9 gets to 1 set; data of 100 to 1,000 bytes;\n`,
    `a ratio above 1 says that Streamkeeper is the better one. The client by itself: ${client.join(", ")}.\n\n`,
    formatTable(["CELL", "ZK OP/S", "P50", "P99", "OURS OP/S", "P50", "P99", "RATIO", "P50", "P99"], rows),
    ...failures,
  ].join("");
}

function columns(figures: CellFigures | undefined): (number | string)[] {
  return figures === undefined ? ["", "", ""] : [figures.operationsPerSecond, figures.p50Ms, figures.p99Ms];
}

function medians(measured: readonly Measured[], server: BenchedServer): CellFigures | undefined {
  const all = measured.flatMap((one) => (one.server === server && one.figures !== undefined ? [one.figures] : []));
  if (all.length === 0) return undefined;
  return {
    operationsPerSecond: Math.round(median(all.map((one) => one.operationsPerSecond))),
    p50Ms: rounded(median(all.map((one) => one.p50Us)) / 1_000, 3),
    p99Ms: rounded(median(all.map((one) => one.p99Us)) / 1_000, 3),
    serverCpuUs: rounded(median(all.map((one) => one.serverCpuUs)), 1),
    clientCpuShare: rounded(median(all.map((one) => one.clientCpuShare)), 2),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low = 0, high = 0] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return (low + high) / 2;
}

function ratios(theirs: CellFigures, ours: CellFigures): NonNullable<CellReport["ratios"]> {
  return {
    operationsPerSecond: rounded(ours.operationsPerSecond / theirs.operationsPerSecond, 2),
    p50Ms: rounded(theirs.p50Ms / ours.p50Ms, 2),
    p99Ms: rounded(theirs.p99Ms / ours.p99Ms, 2),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
