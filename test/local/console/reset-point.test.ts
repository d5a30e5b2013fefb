import { expect, test } from "vitest";
import { parseResetPoint, parseTopicChoice } from "../../../local/console/reset-point.ts";

test.each([
  [{ toEarliest: true }, { to: "earliest" }],
  [{ toLatest: true }, { to: "latest" }],
  [{ toOffset: "42" }, { to: "offset", offset: 42 }],
  [{ toTimestamp: "1767225600000" }, { to: "timestamp", timestampMs: 1_767_225_600_000 }],
  [{ toDatetime: "2026-01-01T00:00:00.000" }, { to: "timestamp", timestampMs: 1_767_225_600_000 }],
  [{ toDatetime: "2026-01-01T01:00:00+01:00" }, { to: "timestamp", timestampMs: 1_767_225_600_000 }],
  [{ shiftBy: "-10" }, { to: "shift", by: -10 }],
  [{ shiftBy: "+3" }, { to: "shift", by: 3 }],
])("%j is %j", (options, point) => {
  expect(parseResetPoint(options)).toEqual(point);
});

test.each([
  [{}, "exactly one of"],
  [{ toEarliest: true, toOffset: "1" }, "exactly one of"],
  [{ toOffset: "-1" }, "--to-offset must be a whole number: -1"],
  [{ shiftBy: "many" }, "--shift-by must be a whole number: many"],
  [{ toDatetime: "yesterday" }, "--to-datetime must be such as"],
  [{ toDatetime: "2026-01-01" }, "--to-datetime must be such as"],
])("%j is refused: %s", (options, why) => {
  expect(() => parseResetPoint(options)).toThrow(why);
});

test("topics are named with or without their partitions", () => {
  expect(parseTopicChoice("orders")).toEqual({ topic: "orders" });
  expect(parseTopicChoice("orders:0,2")).toEqual({ topic: "orders", partitions: [0, 2] });
  expect(() => parseTopicChoice("orders:first")).toThrow("--topic must be such as orders or orders:0,2: orders:first");
});
