import { expect, test } from "vitest";
import { allCells, cellTitle, isWanted } from "../../../bench/log/cells.ts";
import { measure } from "../../../bench/log/measure.ts";
import { cellReport, logReport, logTable } from "../../../bench/log/report.ts";
import { sampleBatch } from "../../../bench/log/sample-batch.ts";
import { readBatchHeader } from "../../../shared/record/record-batch.ts";

test("cells are chosen by the words of their titles", () => {
  const titles = (only: string) =>
    allCells()
      .filter((cell) => isWanted(cell, only))
      .map(cellTitle);
  expect(titles("http produce 1MB x16")).toEqual(["http produce 1MB x16"]);
  expect(titles("x1 16KB fetch")).toEqual(["lmdb", "file", "process", "http"].map((path) => `${path} fetch 16KB x1`));
  expect(titles("")).toHaveLength(48);
  expect(titles("kafka")).toEqual([]);
});

test.each([1_024, 16_384, 1_048_576])("a sample batch of %d bytes has about that size, and is valid", (batchBytes) => {
  const { bytes, records } = sampleBatch(batchBytes, 1_000);
  expect(bytes.length).toBeLessThanOrEqual(batchBytes);
  expect(bytes.length).toBeGreaterThan(batchBytes * 0.98);
  expect(readBatchHeader(bytes)).toMatchObject({ sizeBytes: bytes.length, recordsCount: records });
});

test("a measurement counts what was done, by as many workers as wanted", async () => {
  const workers = new Set<number>();
  const measured = await measure({ seconds: 0.05, concurrency: 3, warmUpSeconds: 0 }, async (worker) => {
    workers.add(worker);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
    return { records: 2, bytes: 10 };
  });
  expect([...workers]).toEqual([0, 1, 2]);
  expect(measured.records).toBe(measured.operations * 2);
  expect(measured.bytes).toBe(measured.operations * 10);
  expect(measured.elapsedMs).toBeGreaterThanOrEqual(50);
  expect(measured.p50Ms).toBeGreaterThanOrEqual(4);
  expect(measured.p99Ms).toBeGreaterThanOrEqual(measured.p50Ms);
});

test("a figure stands next to the faster ceiling of its own size and concurrency", () => {
  const measured = (bytes: number) => ({
    operations: 10,
    records: 10,
    bytes,
    elapsedMs: 1_000,
    cpuMs: 5,
    p50Ms: 1,
    p99Ms: 2,
  });
  const of = (path: "lmdb" | "file" | "http", bytes: number, connections = 1) =>
    cellReport({ path, operation: "produce", batchBytes: 1_024, connections }, measured(bytes));
  const cells = [of("lmdb", 4e6), of("file", 2e6), of("lmdb", 9e6, 16), of("http", 1e6), of("http", 9e6, 16)];
  const report = logReport(cells, { seconds: 1, recordBytes: 1_000, folder: "/tmp" });
  expect(report.cells.map((cell) => cell.shareOfCeiling)).toEqual([undefined, undefined, undefined, 0.25, 1]);
  expect(report.cells[3]).toMatchObject({ mbPerSecond: 1, operationsPerSecond: 10, recordsPerSecond: 10 });
  expect(logTable(report)).toContain(
    "http  produce    1KB              1     10  10            1        0.5       1       2  25%",
  );
});
