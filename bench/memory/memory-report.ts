import { formatBytes } from "../../local/console/quantities.ts";
import { formatTable } from "../../local/console/table.ts";

export interface MemorySample {
  readonly atMs: number;
  readonly producedBytes: number;
  readonly fetchedBytes: number;
  /** Of the server's process. */
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
  readonly cpuMs: number;
  /** Of the data folder. */
  readonly diskBytes: number;
}

export interface MemoryReport {
  readonly bench: "memory";
  readonly producedBytes: number;
  readonly fetchedBytes: number;
  readonly elapsedMs: number;
  readonly rssBytesMax: number;
  /** By least squares over the second half of the run: bytes of memory per byte that passed. */
  readonly rssPerProducedByte: number;
  readonly samples: readonly MemorySample[];
}

/** Rows of the table, however long the run was. */
const rowsMax = 20;

/** Figures of a run. */
export function memoryReport(
  samples: readonly MemorySample[],
  run: { readonly producedBytes: number; readonly fetchedBytes: number; readonly elapsedMs: number },
): MemoryReport {
  const later = samples.slice(Math.floor(samples.length / 2));
  return {
    bench: "memory",
    ...run,
    rssBytesMax: Math.max(...samples.map((sample) => sample.rssBytes)),
    rssPerProducedByte: slope(later.map((sample) => [sample.producedBytes, sample.rssBytes])),
    samples,
  };
}

/** The report as a table with some of its samples. */
export function memoryTable(report: MemoryReport): string {
  const every = Math.max(1, Math.ceil(report.samples.length / rowsMax));
  const rows = report.samples
    .filter((_, index) => index % every === 0 || index === report.samples.length - 1)
    .map((sample) => [
      `${(sample.atMs / 1_000).toFixed(1)} s`,
      formatBytes(sample.producedBytes),
      formatBytes(sample.fetchedBytes),
      formatBytes(sample.rssBytes),
      formatBytes(sample.heapBytes),
      formatBytes(sample.externalBytes),
      formatBytes(sample.diskBytes),
    ]);
  const seconds = report.elapsedMs / 1_000;
  return [
    formatTable(["TIME", "PRODUCED", "FETCHED", "RSS", "HEAP", "EXTERNAL", "DISK"], rows),
    `${formatBytes(report.producedBytes)} in ${seconds.toFixed(1)} s (${formatBytes(report.producedBytes / seconds)}/s): `,
    `RSS at most ${formatBytes(report.rssBytesMax)}, and in the second half `,
    `${formatBytes(Math.abs(report.rssPerProducedByte) * 1e9)} ${report.rssPerProducedByte < 0 ? "less" : "more"} per GB that passed\n`,
  ].join("");
}

function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return variance === 0 ? 0 : covariance / variance;
}
