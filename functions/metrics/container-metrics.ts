/** The metrics of one function container: lines of its log, in CloudWatch's embedded metric format. */
import { EmfMetrics } from "../../shared/metrics/emf.ts";
import { metricsLevels } from "../../shared/metrics/catalogue.ts";
import type { MetricsLevel } from "../../shared/metrics/catalogue.ts";
import type { Metrics } from "../../shared/metrics/metrics.ts";
import { metricsOf } from "./request-scope.ts";

/**
 * Calls in a minute that each get a line of their own. What comes above it is added up for the first call of the next minute: a
 * line costs about half of what the call costs (CloudWatch Logs, $0.50 per GB), and a busy container makes thousands.
 */
export const ownLinesPerMinute = 60;

const minuteMs = 60_000;

export interface ContainerMetrics {
  readonly metrics: Metrics;
  /** Ends a call. `urgent`: its line must not wait, since nobody knows whether the container is ever called again. */
  flush(urgent: boolean): void;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Undefined where the environment asks for none: `STREAMKEEPER_METRICS_LEVEL`, `STREAMKEEPER_NAME` and Lambda's own. */
export function containerMetricsFrom(
  variables: Variables,
  write: (text: string) => void = (text) => void process.stdout.write(text),
  nowMs: () => number = Date.now,
): ContainerMetrics | undefined {
  const level = levelOf(variables["STREAMKEEPER_METRICS_LEVEL"]);
  if (level === "NONE") return undefined;
  const emf = new EmfMetrics({
    cluster: variables["STREAMKEEPER_NAME"] ?? "Streamkeeper",
    function: variables["STREAMKEEPER_CAPABILITY"] ?? variables["AWS_LAMBDA_FUNCTION_NAME"] ?? "unknown",
    level,
  });
  let minute = 0;
  let lines = 0;
  return {
    metrics: metricsOf(emf),
    flush: (urgent) => {
      const timestampMs = nowMs();
      const present = Math.floor(timestampMs / minuteMs);
      if (present !== minute) [minute, lines] = [present, 0];
      if (lines >= ownLinesPerMinute && !urgent && !emf.isFull) return;
      lines += 1;
      // One write, since each is a line of the log to Lambda only if it comes whole.
      const text = emf.take(timestampMs).join("\n");
      if (text !== "") write(`${text}\n`);
    },
  };
}

/** Nothing is counted where nobody has chosen to: a deployment says so in its stack. */
function levelOf(text: string | undefined): MetricsLevel {
  return metricsLevels.find((level) => level === text) ?? "NONE";
}
