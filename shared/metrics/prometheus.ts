/**
 * A registry that any process can serve to Prometheus: text format 0.0.4.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import {
  type CounterName,
  definitionOf,
  type GaugeName,
  type HistogramName,
  type MetricLabels,
  type MetricName,
  metricCatalogue,
} from "./catalogue.ts";
import type { MetricRecorder } from "./metrics.ts";
import { prometheusNames } from "./prometheus-names.ts";

export const prometheusMediaType = "text/plain; version=0.0.4; charset=utf-8";

/** Of one metric; names come from outside, and a registry lives as long as its process. */
export const prometheusSeriesMax = 10_000;

/** Upper bounds in ms: from a read out of memory to the longest that a request may take. */
const bucketsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000] as const;

/** Where kafka_exporter has another name for it. */
const labelNames: Readonly<Record<string, string>> = { group: "consumergroup" };

interface Histogram {
  /** Of each bucket alone; the last is of what is above all bounds. */
  readonly counts: number[];
  sum: number;
}

interface Series {
  readonly labels: readonly string[];
  value: number;
  readonly histogram: Histogram | undefined;
}

type Labels = Readonly<Record<string, string | number>>;

export class PrometheusMetrics implements MetricRecorder {
  readonly #series = new Map<MetricName, Map<string, Series>>();
  #dropped = 0;

  count<Name extends CounterName>(name: Name, by: number, labels: MetricLabels<Name>): void {
    const series = this.#find(name, labels);
    if (series !== undefined) series.value += by;
  }

  gauge<Name extends GaugeName>(name: Name, value: number, labels: MetricLabels<Name>): void {
    const series = this.#find(name, labels);
    if (series !== undefined) series.value = value;
  }

  observe<Name extends HistogramName>(name: Name, value: number, labels: MetricLabels<Name>): void {
    const histogram = this.#find(name, labels)?.histogram;
    if (histogram === undefined) return;
    const above = bucketsMs.findIndex((bound) => value <= bound);
    const bucket = above < 0 ? bucketsMs.length : above;
    histogram.counts[bucket] = (histogram.counts[bucket] ?? 0) + 1;
    histogram.sum += value;
  }

  forget(name: GaugeName): void {
    this.#series.delete(name);
  }

  /** Everything as text, each metric with its help and its type. */
  render(): string {
    const names = Object.keys(metricCatalogue) as MetricName[];
    const parts = names.flatMap((name) => {
      const series = this.#series.get(name);
      return series === undefined || series.size === 0 ? [] : [family(name, [...series.values()])];
    });
    if (this.#dropped > 0) {
      const name = "streamkeeper_metrics_dropped_total";
      parts.push(`# HELP ${name} Measurements of more series than are kept\n# TYPE ${name} counter\n`);
      parts.push(`${name} ${this.#dropped}\n`);
    }
    return parts.join("");
  }

  #find(name: MetricName, labels: Labels): Series | undefined {
    const all = this.#series.get(name) ?? new Map<string, Series>();
    const definition = definitionOf(name);
    let id = "";
    for (const label of definition.labels) id += `${labels[label]}\n`;
    const known = all.get(id);
    if (known !== undefined) return known;
    if (all.size >= prometheusSeriesMax) {
      this.#dropped += 1;
      return undefined;
    }
    const series: Series = {
      labels: definition.labels.map((label) => `${labelNames[label] ?? label}="${escaped(String(labels[label]))}"`),
      value: 0,
      histogram: definition.kind === "histogram" ? { counts: bucketsMs.map(() => 0), sum: 0 } : undefined,
    };
    this.#series.set(name, all.set(id, series));
    return series;
  }
}

function family(metric: MetricName, series: readonly Series[]): string {
  const { name, help } = prometheusNames[metric];
  const { kind } = definitionOf(metric);
  const type = kind === "counter" || kind === "histogram" ? kind : "gauge";
  const lines = series.flatMap(({ labels, value, histogram }) =>
    histogram === undefined ? [sample(name, labels, value)] : histogramSamples(name, labels, histogram),
  );
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function histogramSamples(name: string, labels: readonly string[], { counts, sum }: Histogram): string[] {
  let below = 0;
  const buckets = [...bucketsMs, "+Inf"].map((bound, index) => {
    below += counts[index] ?? 0;
    return sample(`${name}_bucket`, [...labels, `le="${bound}"`], below);
  });
  return [...buckets, sample(`${name}_sum`, labels, sum), sample(`${name}_count`, labels, below)];
}

function sample(name: string, labels: readonly string[], value: number): string {
  return `${name}${labels.length === 0 ? "" : `{${labels.join(",")}}`} ${value}\n`;
}

function escaped(text: string): string {
  return text.toWellFormed().replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}
