import { describe, expect, test } from "vitest";
import { containerMetricsFrom, ownLinesPerMinute } from "../../../functions/metrics/container-metrics.ts";
import { metricsNamespace } from "../../../shared/metrics/emf.ts";
import { parseEmf } from "../../shared/metrics/emf-schema.ts";

const variables = {
  STREAMKEEPER_METRICS_LEVEL: "DEFAULT",
  STREAMKEEPER_NAME: "Mine",
  STREAMKEEPER_CAPABILITY: "fetch",
};

function start() {
  const written: string[] = [];
  const clock = { nowMs: 1_790_000_000_000 };
  const container = containerMetricsFrom(
    variables,
    (text) => written.push(text),
    () => clock.nowMs,
  );
  if (container === undefined) throw new Error("no metrics");
  const call = (urgent = false): void => {
    container.metrics.count("RequestsPerSec", 1, { request: "fetch" });
    container.flush(urgent);
  };
  const total = (): number =>
    written
      .flatMap((text) => parseEmf(text.trimEnd()))
      .filter(({ name }) => name === "RequestsPerSec")
      .reduce((sum, { value }) => sum + Number(value), 0);
  return { written, clock, call, total, container };
}

describe("a container's metrics", () => {
  test("are one line for each call, under the deployment's name", () => {
    const { written, call } = start();
    call();
    call();
    expect(written).toHaveLength(2);
    expect(written[0]?.endsWith("\n")).toBe(true);
    expect(JSON.parse(written[0] ?? "")).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Namespace: metricsNamespace }] },
      "Cluster Name": "Mine",
      Function: "fetch",
      RequestsPerSec: 1,
    });
  });

  test("of a busy container are added up once a minute, and nothing is lost", () => {
    const { written, clock, call, total } = start();
    for (let index = 0; index < 10 * ownLinesPerMinute; index += 1) call();
    expect(written).toHaveLength(ownLinesPerMinute);
    clock.nowMs += 60_000;
    call();
    expect(written).toHaveLength(ownLinesPerMinute + 1);
    expect(total()).toBe(10 * ownLinesPerMinute + 1);
  });

  test("are written at once when a call failed, or when a line is full", () => {
    const { written, call, total, container } = start();
    for (let index = 0; index < 2 * ownLinesPerMinute; index += 1) call();
    call(true);
    expect(written).toHaveLength(ownLinesPerMinute + 1);
    expect(total()).toBe(2 * ownLinesPerMinute + 1);
    for (let index = 0; index < 100; index += 1) {
      container.metrics.observe("LocalTimeMs", 1, { request: "fetch" });
      container.flush(false);
    }
    expect(written).toHaveLength(ownLinesPerMinute + 2);
  });

  test("of a call that counted nothing are no line", () => {
    const { written, container } = start();
    container.flush(true);
    expect(written).toEqual([]);
  });

  test.each(["NONE", "", undefined, "ALL"])("are none at the level %s", (level) => {
    expect(containerMetricsFrom({ ...variables, STREAMKEEPER_METRICS_LEVEL: level })).toBeUndefined();
  });
});
