import { describe, expect, test } from "vitest";
import { type MetricsLevel, metricCatalogue } from "../../../shared/metrics/catalogue.ts";
import { emfLinesMax, EmfMetrics } from "../../../shared/metrics/emf.ts";
import { type EmfMetric, parseEmf } from "./emf-schema.ts";

const nowMs = 1_790_000_000_000;
const orders = { namespace: "default", topic: "orders" };
const cluster = { "Cluster Name": "Mine" };

function metricsAt(level: MetricsLevel): EmfMetrics {
  return new EmfMetrics({ cluster: "Mine", function: "produce", level });
}

function taken(metrics: EmfMetrics): EmfMetric[][] {
  return metrics.take(nowMs).map(parseEmf);
}

describe("a line of metrics", () => {
  test("is one for a whole call, with everything in it that has no names of its own", () => {
    const metrics = metricsAt("DEFAULT");
    metrics.count("BytesInPerSec", 85, orders);
    metrics.count("BytesInPerSec", 15, { ...orders, topic: "payments" });
    metrics.count("MessagesInPerSec", 3, orders);
    metrics.observe("LocalTimeMs", 12.5, { request: "produce" });
    metrics.observe("LocalTimeMs", 7, { request: "produce" });
    const [text = "", ...more] = metrics.take(nowMs);
    expect(more).toEqual([]);
    expect(parseEmf(text)).toEqual([
      { name: "BytesInPerSec", unit: "Bytes", value: 100, dimensions: [cluster] },
      { name: "MessagesInPerSec", unit: "Count", value: 3, dimensions: [cluster] },
      {
        name: "LocalTimeMs",
        unit: "Milliseconds",
        value: [12.5, 7],
        dimensions: [cluster, { ...cluster, Function: "produce" }],
      },
    ]);
    expect(JSON.parse(text)).toMatchObject({ _aws: { Timestamp: nowMs } });
    expect(metrics.take(nowMs)).toEqual([]);
  });

  test("tells topics apart at the level for it, and counts for all of them too", () => {
    const metrics = metricsAt("PER_TOPIC");
    metrics.count("BytesInPerSec", 85, orders);
    metrics.count("BytesInPerSec", 15, { ...orders, topic: "payments" });
    const topicOf = (Topic: string) => ({ ...cluster, Namespace: "default", Topic });
    expect(taken(metrics)).toEqual([
      [{ name: "BytesInPerSec", unit: "Bytes", value: 85, dimensions: [cluster, topicOf("orders")] }],
      [{ name: "BytesInPerSec", unit: "Bytes", value: 15, dimensions: [cluster, topicOf("payments")] }],
    ]);
  });

  test("has the lag of each group and topic at every level, as MSK's, and of partitions only where asked for", () => {
    const group = { ...orders, group: "g" };
    for (const level of ["DEFAULT", "PER_TOPIC_PER_PARTITION"] as const) {
      const metrics = metricsAt(level);
      metrics.gauge("SumOffsetLag", 40, group);
      metrics.gauge("OffsetLag", 30, { ...group, partition: 1 });
      const ofGroup = { ...cluster, Namespace: "default", "Consumer Group": "g", Topic: "orders" };
      const [first, second] = taken(metrics);
      expect(first).toEqual([{ name: "SumOffsetLag", unit: "Count", value: 40, dimensions: [cluster, ofGroup] }]);
      expect(second).toEqual(
        level === "DEFAULT"
          ? undefined
          : [{ name: "OffsetLag", unit: "Count", value: 30, dimensions: [{ ...ofGroup, Partition: "1" }] }],
      );
    }
  });

  test("adds gauges of trees up, takes the largest of others, and of one the last", () => {
    const metrics = metricsAt("DEFAULT");
    metrics.gauge("znode_count", 5, { namespace: "a" });
    metrics.gauge("znode_count", 4, { namespace: "a" });
    metrics.gauge("znode_count", 30, { namespace: "b" });
    metrics.gauge("OldestUnsealedAge", 700, { topicId: "t", partition: 0 });
    metrics.gauge("OldestUnsealedAge", 0, { topicId: "t", partition: 0 });
    metrics.gauge("OldestUnsealedAge", 60, { topicId: "t", partition: 1 });
    metrics.gauge("SealingLag", 9, { topicId: "gone", partition: 1 });
    metrics.forget("SealingLag");
    const [line = []] = taken(metrics);
    expect(line.map(({ name, value }) => [name, value])).toEqual([
      ["znode_count", 34],
      ["OldestUnsealedAge", 60],
    ]);
  });

  test("says when it takes no more measurements, and has no more than the format takes", () => {
    const metrics = metricsAt("DEFAULT");
    for (let value = 0; value < 99; value += 1) metrics.observe("LocalTimeMs", value, { request: "fetch" });
    expect(metrics.isFull).toBe(false);
    for (let value = 0; value < 9; value += 1) metrics.observe("LocalTimeMs", value, { request: "fetch" });
    expect(metrics.isFull).toBe(true);
    expect(taken(metrics)[0]?.[0]?.value).toHaveLength(100);
    expect(metrics.isFull).toBe(false);
  });

  test("is not there for every name that comes: past a bound only what stands for all of them goes on", () => {
    const metrics = metricsAt("DEFAULT");
    for (let index = 0; index < 2 * emfLinesMax; index += 1) {
      metrics.gauge("MaxOffsetLag", index, { ...orders, group: `g${index}` });
      metrics.count("ErrorsPerSec", 1, { request: "fetch", error: `E${index}` });
    }
    const lines = taken(metrics);
    expect(lines.length).toBeLessThanOrEqual(emfLinesMax + 1);
    const overall = lines.find((line) => line.every(({ dimensions }) => dimensions.length === 1)) ?? [];
    expect(overall.find(({ name }) => name === "MaxOffsetLag")?.value).toBe(2 * emfLinesMax - 1);
    const errors = lines.flat().filter(({ name }) => name === "ErrorsPerSec");
    expect(errors.reduce((sum, { value }) => sum + Number(value), 0)).toBe(2 * emfLinesMax);
  });

  test.each(["Gruppe\n→ \ud800", " ", "", '"quoted"', "\u0000"])("takes a group whose name is %j", (group) => {
    const metrics = metricsAt("DEFAULT");
    metrics.gauge("MaxOffsetLag", 1, { ...orders, group });
    expect(() => taken(metrics)).not.toThrow();
  });

  test("is valid for every metric that there is, at every level", () => {
    for (const level of ["DEFAULT", "PER_TOPIC", "PER_TOPIC_PER_PARTITION"] as const) {
      const metrics = metricsAt(level);
      for (const [name, { kind, labels }] of Object.entries(metricCatalogue)) {
        const values = Object.fromEntries(labels.map((label) => [label, "x"])) as never;
        if (kind === "counter") metrics.count(name as never, 1, values);
        else if (kind === "histogram") metrics.observe(name as never, 1, values);
        else metrics.gauge(name as never, 1, values);
      }
      const names = taken(metrics).flatMap((line) => line.map(({ name }) => name));
      const partitions = level === "PER_TOPIC_PER_PARTITION" ? 0 : 2;
      expect(names).toHaveLength(Object.keys(metricCatalogue).length - partitions);
    }
  });
});
