/** A recorder that can be looked into. */
import type { MetricLabels, MetricName } from "../../../shared/metrics/catalogue.ts";
import type { Metrics } from "../../../shared/metrics/metrics.ts";
import { metricsOf } from "../../../functions/metrics/request-scope.ts";

export interface Counted {
  readonly metrics: Metrics;
  /** Sum of a counter, last value of a gauge, number of measurements: by the labels that are named, of all others. */
  value<Name extends MetricName>(name: Name, labels?: Partial<MetricLabels<Name>>): number | undefined;
  measured(name: MetricName): readonly number[];
}

interface Told {
  readonly kind: "count" | "gauge" | "observe";
  readonly name: MetricName;
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
}

export function counted(): Counted {
  let told: Told[] = [];
  const tell =
    (kind: Told["kind"]) =>
    (name: MetricName, value: number, labels: Told["labels"]): void => {
      told.push({ kind, name, value, labels });
    };
  return {
    metrics: metricsOf({
      count: tell("count"),
      gauge: tell("gauge"),
      observe: tell("observe"),
      forget: (name) => {
        told = told.filter((one) => one.name !== name);
      },
    }),
    value: (name, labels = {}) => {
      const wanted = Object.entries(labels);
      const found = told.filter(
        (one) => one.name === name && wanted.every(([key, value]) => one.labels[key] === value),
      );
      if (found.length === 0) return undefined;
      const [{ kind } = { kind: "count" }] = found;
      if (kind === "observe") return found.length;
      return kind === "gauge" ? found.at(-1)?.value : found.reduce((sum, { value }) => sum + value, 0);
    },
    measured: (name) => told.filter((one) => one.name === name).map(({ value }) => value),
  };
}
