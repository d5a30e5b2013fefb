/**
 * CloudWatch's embedded metric format: a line of JSON in a function's log that CloudWatch reads as metrics.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import {
  type CounterName,
  definitionOf,
  dimensionsAt,
  type GaugeName,
  type HistogramName,
  type MetricLabels,
  type MetricName,
  type MetricsLevel,
} from "./catalogue.ts";
import type { MetricRecorder } from "./metrics.ts";

/** Of CloudWatch: where every metric of every deployment stands. */
export const metricsNamespace = "Streamkeeper";

/** MSK's names of dimensions, where it has them. */
export const dimensionNames: Readonly<Record<string, string>> = {
  cluster: "Cluster Name",
  namespace: "Namespace",
  topic: "Topic",
  group: "Consumer Group",
  partition: "Partition",
  function: "Function",
  request: "Request",
  error: "Error",
  operation: "Operation",
};

/** The format takes no more numbers for one metric of a line. */
const valuesMax = 100;
/** Lines of one flush, so that neither names from outside nor a large group fill the log or the bill. */
export const emfLinesMax = 100;

export interface EmfOptions {
  /** The deployment's name. */
  readonly cluster: string;
  /** The function's capability. */
  readonly function: string;
  readonly level: MetricsLevel;
}

type Labels = Readonly<Record<string, string | number>>;

/** What a metric of this process needs at its level. */
interface Plan {
  /** Labels that any dimension has; the values of others are added up. */
  readonly kept: readonly string[];
  readonly sets: readonly (readonly string[])[];
}

/** What becomes one line: metrics with the same values of dimensions. */
interface Line {
  readonly labels: Readonly<Record<string, string>>;
  readonly counts: Map<MetricName, number>;
  readonly values: Map<MetricName, number[]>;
  /** By all labels, so that one of them said twice counts once. */
  readonly gauges: Map<MetricName, Map<string, number>>;
}

const noPlan: Plan = { kept: [], sets: [] };

/** Collects what is measured until it is taken as lines. */
export class EmfMetrics implements MetricRecorder {
  readonly #options: EmfOptions;
  readonly #plans = new Map<MetricName, Plan>();
  readonly #lines = new Map<string, Line>();
  #full = false;

  constructor(options: EmfOptions) {
    this.#options = options;
  }

  /** True when a line takes no more measurements: they would be lost unless the lines are taken now. */
  get isFull(): boolean {
    return this.#full;
  }

  count<Name extends CounterName>(name: Name, by: number, labels: MetricLabels<Name>): void {
    const counts = this.#lineOf(name, labels)?.counts;
    counts?.set(name, (counts.get(name) ?? 0) + by);
  }

  gauge<Name extends GaugeName>(name: Name, value: number, labels: MetricLabels<Name>): void {
    const gauges = this.#lineOf(name, labels)?.gauges;
    if (gauges === undefined) return;
    const values = gauges.get(name) ?? new Map<string, number>();
    gauges.set(name, values.set(Object.values(labels).join("\n"), value));
  }

  forget(name: GaugeName): void {
    for (const { gauges } of this.#lines.values()) gauges.delete(name);
  }

  observe<Name extends HistogramName>(name: Name, value: number, labels: MetricLabels<Name>): void {
    const all = this.#lineOf(name, labels)?.values;
    if (all === undefined) return;
    const values = all.get(name) ?? [];
    all.set(name, values);
    if (values.length < valuesMax) values.push(value);
    if (values.length === valuesMax) this.#full = true;
  }

  /** Everything since the last time, one JSON text per line. */
  take(timestampMs: number): string[] {
    const lines = [...this.#lines.values()].flatMap((line) => this.#textOf(line, timestampMs) ?? []);
    this.#lines.clear();
    this.#full = false;
    return lines;
  }

  #lineOf(name: MetricName, labels: Labels): Line | undefined {
    const { kept, sets } = this.#planOf(name);
    if (sets.length === 0) return undefined;
    let id = "";
    for (const label of kept) id += `${labels[label]}\n`;
    const known = this.#lines.get(id);
    if (known !== undefined) return known;
    // One more name is still part of what stands for all of them.
    if (kept.length > 0 && this.#lines.size >= emfLinesMax)
      return sets[0]?.length === 0 ? this.#line("", []) : undefined;
    return this.#line(
      id,
      kept.map((label) => [label, dimensionValue(String(labels[label]))]),
    );
  }

  #line(id: string, labels: readonly (readonly [string, string])[]): Line {
    const line = this.#lines.get(id) ?? {
      labels: { ...Object.fromEntries(labels), function: this.#options.function },
      counts: new Map(),
      values: new Map(),
      gauges: new Map(),
    };
    this.#lines.set(id, line);
    return line;
  }

  #planOf(name: MetricName): Plan {
    const known = this.#plans.get(name);
    if (known !== undefined) return known;
    const sets = dimensionsAt(name, this.#options.level);
    const kept = [...new Set(sets.flat())].filter((label) => label !== "function");
    const plan = sets.length === 0 ? noPlan : { kept, sets };
    this.#plans.set(name, plan);
    return plan;
  }

  #textOf({ labels, counts, values, gauges }: Line, timestampMs: number): string | undefined {
    const numbers = new Map<MetricName, number | readonly number[]>([...counts, ...values]);
    for (const [name, all] of gauges) numbers.set(name, reduced(name, [...all.values()]));
    if (numbers.size === 0) return undefined;
    const directives = new Map<
      string,
      { readonly sets: readonly (readonly string[])[]; readonly names: MetricName[] }
    >();
    for (const name of numbers.keys()) {
      const sets = this.#planOf(name).sets.filter((set) => set.every((label) => label in labels));
      const id = JSON.stringify(sets);
      const directive = directives.get(id) ?? { sets, names: [] };
      directive.names.push(name);
      directives.set(id, directive);
    }
    return JSON.stringify({
      _aws: {
        Timestamp: timestampMs,
        CloudWatchMetrics: [...directives.values()].map(({ sets, names }) => ({
          Namespace: metricsNamespace,
          Dimensions: sets.map((set) => ["cluster", ...set].map(dimensionOf)),
          Metrics: names.map((name) => ({ Name: name, Unit: definitionOf(name).unit })),
        })),
      },
      [dimensionOf("cluster")]: this.#options.cluster,
      ...Object.fromEntries(Object.entries(labels).map(([label, value]) => [dimensionOf(label), value])),
      ...Object.fromEntries(numbers),
    });
  }
}

function reduced(name: MetricName, values: readonly number[]): number {
  return definitionOf(name).kind === "total"
    ? values.reduce((sum, value) => sum + value, 0)
    : values.reduce((most, value) => Math.max(most, value), -Infinity);
}

/** CloudWatch drops a value that is not printable ASCII, or blank, and with it the metric. */
function dimensionValue(text: string): string {
  const printable = text.toWellFormed().replace(/[^\x20-\x7e]/gu, encodeURIComponent);
  return printable.trim() === "" ? "-" : printable;
}

function dimensionOf(label: string): string {
  return dimensionNames[label] ?? label;
}
