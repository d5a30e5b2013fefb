import type { Metrics } from "../../shared/metrics/metrics.ts";

/** What was asked for, and what was answered. */
export interface AnsweredRequest {
  readonly request: string;
  /** From when it was read, in milliseconds. */
  readonly ms: number;
  /** Undefined where it succeeded. */
  readonly error: string | undefined;
}

export function countRequest(metrics: Metrics | undefined, { request, ms, error }: AnsweredRequest): void {
  if (metrics === undefined) return;
  metrics.count("RequestsPerSec", 1, { request });
  metrics.observe("LocalTimeMs", ms, { request });
  if (error !== undefined) metrics.count("ErrorsPerSec", 1, { request, error });
}
