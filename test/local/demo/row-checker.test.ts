import { describe, expect, test } from "vitest";
import type { ReadRecord } from "../../../client/index.ts";
import { RowChecker, rowHeader } from "../../../local/demo/row-checker.ts";
import { partitionForKey } from "../../../shared/record/murmur2.ts";

const partitions = 4;
const sent = ["a", "b", "a", "b", "a"].map((key, row) => ({ key, value: `value ${row}` }));

function recordOf(row: number, change: Partial<ReadRecord> = {}): ReadRecord {
  const { key = "a", value = "" } = sent[row] ?? {};
  return {
    partition: partitionForKey(Buffer.from(key), partitions),
    offset: row,
    timestamp: 0,
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers: [{ key: rowHeader, value: Buffer.from(String(row)) }],
    ...change,
  };
}

function report(records: readonly ReadRecord[]) {
  const checker = new RowChecker(sent, partitions);
  for (const record of records) checker.check(record);
  return checker.finish();
}

const all = [0, 1, 2, 3, 4].map((row) => recordOf(row));

test("what comes back as it was sent is right, whatever the order between keys", () => {
  expect(report(all)).toEqual({ rows: 5, keys: 2, problems: [], problemsCount: 0 });
  expect(report([1, 3, 0, 2, 4].map((row) => recordOf(row)))).toMatchObject({ problemsCount: 0 });
});

describe("is found:", () => {
  test.each([
    ["a row that is missing", all.slice(1), "row 0 is missing"],
    ["a row that is there twice", [...all, recordOf(4)], "row 4 was there before"],
    [
      "two rows of a key in the wrong order",
      [2, 0, 1, 3, 4].map((row) => recordOf(row)),
      "row 0 of a comes after row 2",
    ],
    ["another value", [recordOf(0, { value: Buffer.from("x") }), ...all.slice(1)], "row 0 is not as it was sent"],
    ["another partition", [recordOf(0, { partition: 9 }), ...all.slice(1)], "row 0 belongs to partition"],
    ["a record that nobody sent", [...all, recordOf(5)], "no row that was sent (5)"],
    ["a record without its row", [...all, recordOf(0, { headers: [] })], "no row that was sent (NaN)"],
  ])("%s", (_, records, problem) => {
    const { problems, problemsCount } = report(records);
    expect(problems[0]).toContain(problem);
    expect(problemsCount).toBe(1);
  });

  test("all of many problems, the first of them in words", () => {
    expect(report([])).toMatchObject({ problemsCount: 5, rows: 0 });
    expect(
      new RowChecker(
        Array.from({ length: 50 }, () => ({ key: "", value: "" })),
        1,
      ).finish().problems,
    ).toHaveLength(5);
  });
});
