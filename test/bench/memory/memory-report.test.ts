import { expect, test } from "vitest";
import { memoryReport, memoryTable } from "../../../bench/memory/memory-report.ts";

const run = { producedBytes: 4e9, fetchedBytes: 4e9, elapsedMs: 10_000 };

function samples(rss: (index: number) => number) {
  return Array.from({ length: 40 }, (_, index) => ({
    atMs: index * 250,
    producedBytes: index * 1e8,
    fetchedBytes: index * 1e8,
    rssBytes: rss(index),
    heapBytes: 1e7,
    externalBytes: 1e6,
    cpuMs: 1,
    diskBytes: 1e8,
  }));
}

test("memory that grows at first and then stays is flat", () => {
  const report = memoryReport(
    samples((index) => Math.min(index, 15) * 1e7),
    run,
  );
  expect(report.rssPerProducedByte).toBe(0);
  expect(report.rssBytesMax).toBe(15e7);
});

test("memory that grows with what passes is not", () => {
  const report = memoryReport(
    samples((index) => 1e8 + index * 1e6),
    run,
  );
  expect(report.rssPerProducedByte).toBeCloseTo(0.01);
  expect(memoryTable(report)).toContain("10.0 MB more per GB that passed");
});
