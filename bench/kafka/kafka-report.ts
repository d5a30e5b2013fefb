import { cpus } from "node:os";
import { formatTable } from "../../local/console/table.ts";
import type { BenchedServer, Figures, KafkaBenchOptions, Measured } from "./kafka-bench.ts";

/** Medians of the rounds; a ratio above 1 says that Streamkeeper is the better one. */
export interface CellReport {
  readonly cell: string;
  readonly kafka?: Figures;
  readonly streamkeeper?: Figures;
  readonly ratios?: Figures;
  readonly failures: readonly string[];
}

export interface KafkaReport {
  readonly bench: "kafka";
  readonly at: string;
  readonly node: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly folder: string;
  readonly rounds: number;
  readonly records: number;
  readonly recordBytes: number;
  readonly recordsPerSecond: number;
  readonly durability: string;
  readonly cells: readonly CellReport[];
  readonly measured: readonly Measured[];
}

const durabilities = {
  equal: "Kafka with log.flush.interval.messages=1: both answer when a record is on the disk",
  unequal: "Kafka as it comes: it answers before a record is on the disk, Streamkeeper when it is",
} as const;

export function kafkaReport(measured: readonly Measured[], options: KafkaBenchOptions): KafkaReport {
  return {
    bench: "kafka",
    at: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    folder: options.folder,
    rounds: options.rounds,
    records: options.records,
    recordBytes: options.recordBytes,
    recordsPerSecond: options.recordsPerSecond,
    durability: options.flushes ? durabilities.equal : durabilities.unequal,
    cells: cellReports(measured),
    measured,
  };
}

/** @param measured all rounds of all servers */
export function cellReports(measured: readonly Measured[]): CellReport[] {
  const titles = [...new Set(measured.map(({ cell }) => cell))];
  return titles.map((cell) => {
    const kafka = medians(measured, cell, "kafka");
    const streamkeeper = medians(measured, cell, "streamkeeper");
    const failures = measured.flatMap(({ cell: title, server, failure }) =>
      title === cell && failure !== undefined ? [`${server}: ${failure}`] : [],
    );
    return {
      cell,
      ...(kafka === undefined ? {} : { kafka }),
      ...(streamkeeper === undefined ? {} : { streamkeeper }),
      ...(kafka === undefined || streamkeeper === undefined ? {} : { ratios: ratios(kafka, streamkeeper) }),
      failures,
    };
  });
}

export function kafkaTable(report: KafkaReport): string {
  const { cells, rounds, records, recordBytes, recordsPerSecond } = report;
  const rows = cells.flatMap(({ cell, kafka = {}, streamkeeper = {}, ratios: ratio = {} }) =>
    Object.keys({ ...kafka, ...streamkeeper }).map((figure) => [
      cell,
      figure,
      kafka[figure] ?? "",
      streamkeeper[figure] ?? "",
      ratio[figure] ?? "",
    ]),
  );
  const failures = cells.flatMap(({ cell, failures: all }) => all.map((failure) => `${cell}, ${failure}\n`));
  return [
    `${report.cpus} x ${report.cpu}, Node ${report.node}, data in ${report.folder}\n`,
    `${report.durability}\n`,
    `Medians of ${rounds} rounds, ${records} records of ${recordBytes} bytes, acks=all, idempotent;\n`,
    `latency at ${recordsPerSecond} records/s; a ratio above 1 says that Streamkeeper is the better one.\n\n`,
    formatTable(["CELL", "FIGURE", "KAFKA", "STREAMKEEPER", "RATIO"], rows),
    ...failures,
  ].join("");
}

function medians(measured: readonly Measured[], cell: string, server: BenchedServer): Figures | undefined {
  const all = measured
    .filter((one) => one.cell === cell && one.server === server)
    .map(({ figures }) => figures)
    .filter((figures) => figures !== undefined);
  const [first] = all;
  if (first === undefined) return undefined;
  return Object.fromEntries(Object.keys(first).map((figure) => [figure, median(all.map((one) => one[figure] ?? 0))]));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low = 0, high = 0] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]];
  return round((low + high) / 2);
}

function ratios(kafka: Figures, streamkeeper: Figures): Figures {
  return Object.fromEntries(
    Object.entries(kafka).map(([figure, theirs]) => {
      const ours = streamkeeper[figure] ?? 0;
      return [figure, round(figure.endsWith("Ms") ? theirs / Math.max(ours, 1) : ours / theirs)];
    }),
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
