import { expect, test } from "vitest";
import { formatAmount, formatBytes, perSecond } from "../../../local/console/quantities.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_500, "1.5 KB"],
  [999_600, "1.0 MB"],
  [123_456_789, "123 MB"],
  [2 ** 50, "1126 TB"],
])("%d bytes read %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("amounts agree with their noun", () => {
  expect(formatAmount(1, "record")).toBe("1 record");
  expect(formatAmount(231_083, "record")).toBe("231,083 records");
  expect(perSecond(10, 0)).toBe(10_000);
});
