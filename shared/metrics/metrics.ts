/** The port by which everything is counted. Whoever has none passes none: then nothing is counted, and nothing costs. */
import type { CounterName, GaugeName, HistogramName, MetricLabels } from "./catalogue.ts";

/** Takes what is measured; never throws, and never waits. */
export interface MetricRecorder {
  /** Adds to what has happened so far. */
  count<Name extends CounterName>(name: Name, by: number, labels: MetricLabels<Name>): void;
  /** Says how it is now. */
  gauge<Name extends GaugeName>(name: Name, value: number, labels: MetricLabels<Name>): void;
  /** Whatever was said of a gauge may be of what is not there any more: it counts only once it is said again. */
  forget(name: GaugeName): void;
  /** One of many measurements, of which the distribution matters. */
  observe<Name extends HistogramName>(name: Name, value: number, labels: MetricLabels<Name>): void;
}

export interface Metrics extends MetricRecorder {
  /** Tells that the present request waits, as its client asked: that is no latency. */
  waiting<Result>(wait: Promise<Result>): Promise<Result>;
}
