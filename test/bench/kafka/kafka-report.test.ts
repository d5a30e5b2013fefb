import { describe, expect, test } from "vitest";
import { cellReports } from "../../../bench/kafka/kafka-report.ts";
import { parseConsumeFigures, parseProduceFigures, parseRoundTripFigures } from "../../../bench/kafka/perf-tools.ts";

describe("what Kafka's tools say", () => {
  test("reads the last line of kafka-producer-perf-test, not the ones before", () => {
    const stdout = [
      "36379 records sent, 7275.8 records/sec (7.11 MB/sec), 1701.6 ms avg latency, 2825.0 ms max latency.",
      "100000 records sent, 12244.398188 records/sec (11.96 MB/sec), 1840.47 ms avg latency, 2939.00 ms max latency, 1885 ms 50th, 2797 ms 95th, 2880 ms 99th, 2922 ms 99.9th.\n",
    ];
    const figures = { mbPerSecond: 11.96, recordsPerSecond: 12_244.398_188, p50Ms: 1_885, p99Ms: 2_880 };
    expect(parseProduceFigures(stdout.join("\n"))).toEqual(figures);
    expect(() => parseProduceFigures(stdout[0] ?? "")).toThrow("did not end");
  });

  test("takes the time of fetching from kafka-consumer-perf-test, and refuses a run that read too little", () => {
    const line =
      "2026-11-21 18:00:00:000, 2026-11-21 18:00:02:000, 97.6563, 48.8281, 100000, 50000.0, 500, 1500, 65.1042, 66666.6\n";
    expect(parseConsumeFigures(line, 100_000)).toEqual({ mbPerSecond: 65.1042, recordsPerSecond: 66_666.6 });
    expect(() => parseConsumeFigures(line, 100_001)).toThrow("did not read everything");
    expect(() => parseConsumeFigures("", 0)).toThrow("did not read everything");
  });

  test("reads the percentiles of kafka-e2e-latency", () => {
    const stdout = "0\t12.5\nAvg latency: 1.8 ms\n\nPercentiles: 50th = 1, 99th = 5, 99.9th = 12\n";
    expect(parseRoundTripFigures(stdout)).toEqual({ p50Ms: 1, p99Ms: 5 });
    expect(() => parseRoundTripFigures("")).toThrow("did not end");
  });
});

describe("the report", () => {
  test("takes medians of the rounds, and a ratio above 1 is better for both figures and times", () => {
    const rounds = [10, 30, 20].map((mbPerSecond, index) => ({
      server: "kafka" as const,
      round: index + 1,
      cell: "produce x1",
      figures: { mbPerSecond, p99Ms: 100 },
    }));
    const ours = {
      server: "streamkeeper" as const,
      round: 1,
      cell: "produce x1",
      figures: { mbPerSecond: 30, p99Ms: 50 },
    };
    expect(cellReports([...rounds, ours])).toEqual([
      {
        cell: "produce x1",
        kafka: { mbPerSecond: 20, p99Ms: 100 },
        streamkeeper: { mbPerSecond: 30, p99Ms: 50 },
        ratios: { mbPerSecond: 1.5, p99Ms: 2 },
        failures: [],
      },
    ]);
  });

  test("tells of a run that failed, and gives no ratio without both", () => {
    const failed = { server: "streamkeeper" as const, round: 1, cell: "consume x1", failure: "timed out" };
    expect(cellReports([failed])).toEqual([{ cell: "consume x1", failures: ["streamkeeper: timed out"] }]);
  });
});
