import { describe, expect, test } from "vitest";
import { metricCatalogue } from "../../../shared/metrics/catalogue.ts";
import { PrometheusMetrics, prometheusSeriesMax } from "../../../shared/metrics/prometheus.ts";
import { parseExposition } from "./exposition.ts";

const group = { namespace: "default", group: "g", topic: "orders" };

describe("what Prometheus is told", () => {
  test("is the sum of all counts, and a gauge's last value", () => {
    const metrics = new PrometheusMetrics();
    metrics.count("RequestsPerSec", 1, { request: "fetch" });
    metrics.count("RequestsPerSec", 2, { request: "fetch" });
    metrics.gauge("MaxOffsetLag", 9, group);
    metrics.gauge("MaxOffsetLag", 4, group);
    const families = parseExposition(metrics.render());
    expect(families.get("kafka_network_requestmetrics_requests_total")).toMatchObject({
      type: "counter",
      help: "Requests answered",
      samples: new Map([['kafka_network_requestmetrics_requests_total{request="fetch"}', 3]]),
    });
    expect(families.get("kafka_consumergroup_lag_max")?.samples).toEqual(
      new Map([['kafka_consumergroup_lag_max{namespace="default",consumergroup="g",topic="orders"}', 4]]),
    );
  });

  test("has each measurement in all buckets from its own on", () => {
    const metrics = new PrometheusMetrics();
    for (const ms of [0.4, 1, 3, 99_999]) metrics.observe("LocalTimeMs", ms, { request: "fetch" });
    const samples = parseExposition(metrics.render()).get("kafka_network_requestmetrics_localtimems")?.samples;
    const at = (le: string): number | undefined =>
      samples?.get(`kafka_network_requestmetrics_localtimems_bucket{request="fetch",le="${le}"}`);
    expect([at("1"), at("2.5"), at("5"), at("30000"), at("+Inf")]).toEqual([2, 2, 3, 3, 4]);
    expect(samples?.get('kafka_network_requestmetrics_localtimems_sum{request="fetch"}')).toBe(100_003.4);
  });

  test("forgets what is not there any more", () => {
    const metrics = new PrometheusMetrics();
    metrics.gauge("MaxOffsetLag", 9, group);
    metrics.forget("MaxOffsetLag");
    expect(metrics.render()).toBe("");
  });

  test.each(['"', "\\", "\n", "a,b=c}", "→", "\ud800"])("keeps a name with %j apart from the format", (name) => {
    const metrics = new PrometheusMetrics();
    metrics.gauge("MaxOffsetLag", 1, { ...group, group: name });
    expect(parseExposition(metrics.render()).get("kafka_consumergroup_lag_max")?.samples.size).toBe(1);
  });

  test("is bounded, and says how much was left out", () => {
    const metrics = new PrometheusMetrics();
    for (let index = 0; index < prometheusSeriesMax + 5; index += 1) {
      metrics.count("BytesInPerSec", 1, { namespace: "default", topic: `t${index}` });
    }
    const families = parseExposition(metrics.render());
    expect(families.get("kafka_server_brokertopicmetrics_bytesin_total")?.samples.size).toBe(prometheusSeriesMax);
    expect(families.get("streamkeeper_metrics_dropped_total")?.samples.get("streamkeeper_metrics_dropped_total")).toBe(
      5,
    );
  });

  test("is well formed for every metric that there is", () => {
    const metrics = new PrometheusMetrics();
    for (const [name, { kind, labels }] of Object.entries(metricCatalogue)) {
      const values = Object.fromEntries(labels.map((label) => [label, "x"])) as never;
      if (kind === "counter") metrics.count(name as never, 1, values);
      else if (kind === "histogram") metrics.observe(name as never, 1, values);
      else metrics.gauge(name as never, 1, values);
    }
    expect(parseExposition(metrics.render()).size).toBe(Object.keys(metricCatalogue).length);
  });
});

describe("the parser of these tests refuses", () => {
  test.each([
    ["a sample without its family", "a_total 1\n"],
    ["a line without an end", "# HELP a b\n# TYPE a gauge\na 1"],
    ["a family twice", "# HELP a b\n# TYPE a gauge\na 1\n# HELP a b\n# TYPE a gauge\na 2\n"],
    ["a quote that is not escaped", '# HELP a b\n# TYPE a gauge\na{b="""} 1\n'],
    ["no number", "# HELP a b\n# TYPE a gauge\na one\n"],
    ["a histogram without its last bucket", '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n'],
  ])("%s", (_what, text) => {
    expect(() => parseExposition(text)).toThrow();
  });
});
