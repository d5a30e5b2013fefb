/** `GET /metrics`: what Prometheus scrapes. Not part of the API: a deployment on AWS has CloudWatch for it. */
import type { Metrics } from "../shared/metrics/metrics.ts";
import { PrometheusMetrics, prometheusMediaType } from "../shared/metrics/prometheus.ts";
import { gaugeFreshMs } from "../shared/limits/metrics.ts";
import type { GaugeService } from "../shared/services/services.ts";
import type { HttpAnswer } from "../functions/http/event.ts";
import { describeError, writeLog } from "../functions/http/log.ts";
import type { Log } from "../functions/http/log.ts";
import { metricsOf } from "../functions/metrics/request-scope.ts";

export const metricsPath = "/metrics";

/** Counts for one process, and serves what it counted. Any process with services can have one. */
export class MetricsPage {
  readonly #registry = new PrometheusMetrics();
  readonly #log: Log;
  /** For the storage that the services are made over. */
  readonly metrics: Metrics = metricsOf(this.#registry);
  readonly #tellers: ((metrics: Metrics) => void)[] = [];
  #refreshing: Promise<void> | undefined;
  #freshUntilMs = -Infinity;

  constructor(log: Log = writeLog) {
    this.#log = log;
  }

  /** Lets a port tell how it is whenever somebody asks. */
  tellOf(port: { tell(metrics: Metrics): void }): void {
    this.#tellers.push((metrics) => port.tell(metrics));
  }

  /** Refreshes the gauges first, unless they are fresh; scrapes that come together share that. */
  async answer(gauges: GaugeService): Promise<HttpAnswer> {
    if (performance.now() >= this.#freshUntilMs) {
      this.#refreshing ??= this.#refresh(gauges).finally(() => {
        this.#refreshing = undefined;
      });
      await this.#refreshing;
    }
    for (const tell of this.#tellers) tell(this.metrics);
    const body = this.#registry.render() + processMetrics();
    return { status: 200, headers: { "content-type": prometheusMediaType, "cache-control": "no-store" }, body };
  }

  async #refresh(gauges: GaugeService): Promise<void> {
    try {
      await gauges.refresh();
      this.#freshUntilMs = performance.now() + gaugeFreshMs;
    } catch (cause) {
      // What was counted is true all the same.
      this.#log("WARN", "gauges were not refreshed", { cause: describeError(cause) });
    }
  }
}

/** By the names that Prometheus' client libraries agree on. */
function processMetrics(): string {
  const { user, system } = process.cpuUsage();
  const startedAtSeconds = (performance.timeOrigin / 1_000).toFixed(3);
  return [
    metric("process_cpu_seconds_total", "counter", "Processor time used", (user + system) / 1e6),
    metric("process_resident_memory_bytes", "gauge", "Memory in use", process.memoryUsage.rss()),
    metric("process_start_time_seconds", "gauge", "When the process started, since the epoch", startedAtSeconds),
  ].join("");
}

function metric(name: string, type: string, help: string, value: number | string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value}\n`;
}
