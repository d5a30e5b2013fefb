import { describe, expect, test } from "vitest";
import { numberedCreate, numberedGet } from "../../../bench/zookeeper/frames.ts";
import { Latencies } from "../../../bench/zookeeper/latencies.ts";
import type { Measured } from "../../../bench/zookeeper/zookeeper-bench.ts";
import { cellReports } from "../../../bench/zookeeper/zookeeper-report.ts";
import { JuteReader } from "../../peers/zookeeper/jute.ts";

describe("latencies", () => {
  test("give the smallest that a share of all did not exceed", () => {
    const latencies = new Latencies();
    for (let us = 1; us <= 1_000; us += 1) latencies.add(us / 1_000);
    expect([0.5, 0.99, 1].map((share) => latencies.quantile(share))).toEqual([500, 990, 1_000]);
    latencies.add(60_000);
    expect(latencies.quantile(1)).toBe(2_000_000);
    expect(latencies.count).toBe(1_001);
  });
});

describe("frames", () => {
  test("carry the xid and the number that they are asked for", () => {
    const frame = numberedGet("/folder");
    frame.of(1, 99_999_999);
    const reader = new JuteReader(frame.of(77, 1_203));
    expect(reader.int()).toBe(frame.bytes.length - 4);
    expect([reader.int(), reader.int(), reader.string(), reader.bool()]).toEqual([77, 4, "/folder/00001203", false]);
  });

  test("create with data, open to everyone", () => {
    const reader = new JuteReader(numberedCreate("/f", Buffer.from("data")).of(1, 7));
    reader.int();
    expect([reader.int(), reader.int(), reader.string()]).toEqual([1, 1, "/f/00000007"]);
    expect(Buffer.from(reader.buffer() ?? []).toString()).toBe("data");
    const acl = reader.vector((from) => [from.int(), from.string(), from.string()]);
    expect([acl, reader.int()]).toEqual([[[31, "world", "anyone"]], 0]);
  });
});

describe("the report", () => {
  const figures = { operations: 1, clientCpuShare: 0.5, serverCpuUs: 20 };
  const of = (server: Measured["server"], operationsPerSecond: number, p99Us: number): Measured => ({
    server,
    round: 1,
    cell: "set x16",
    loadBefore: 0,
    figures: { ...figures, operationsPerSecond, p50Us: 1_000, p99Us },
  });

  test("takes medians of the rounds, and a ratio above 1 is better for both rates and times", () => {
    const zookeeper = [100, 300, 200].map((perSecond) => of("zookeeper", perSecond, 4_000));
    expect(cellReports([of("client", 9, 9), ...zookeeper, of("streamkeeper", 300, 2_000)])).toMatchObject([
      {
        cell: "set x16",
        zookeeper: { operationsPerSecond: 200, p50Ms: 1, p99Ms: 4 },
        streamkeeper: { operationsPerSecond: 300, p99Ms: 2 },
        ratios: { operationsPerSecond: 1.5, p50Ms: 1, p99Ms: 2 },
        failures: [],
      },
    ]);
  });

  test("tells of a run that failed, and gives no ratio without both", () => {
    const failed: Measured = { server: "streamkeeper", round: 1, cell: "get x1", loadBefore: 0, failure: "timed out" };
    expect(cellReports([failed])).toEqual([{ cell: "get x1", failures: ["streamkeeper: timed out"] }]);
  });
});
