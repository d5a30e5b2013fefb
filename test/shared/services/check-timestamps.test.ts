import { expect, test } from "vitest";
import { ServiceError } from "../../../shared/api/errors.ts";
import { checkTimestamps } from "../../../shared/services/check-timestamps.ts";

const nowMs = 1_750_000_000_000;
const settings = { timestampBeforeMaxMs: 60_000, timestampAfterMaxMs: 3_600_000 };

test.each([
  ["the present", nowMs, nowMs],
  ["no timestamps", -1, -1],
  ["the bounds themselves", nowMs - 60_000, nowMs + 3_600_000],
])("takes %s", (_title, minTimestamp, maxTimestamp) => {
  expect(() => checkTimestamps(minTimestamp, maxTimestamp, settings, nowMs)).not.toThrow();
});

test.each([
  ["beyond message.timestamp.after.max.ms", nowMs, nowMs + 3_600_001],
  ["beyond message.timestamp.before.max.ms", nowMs - 60_001, nowMs],
  ["at the end of all numbers", nowMs, Number.MAX_SAFE_INTEGER],
])("refuses a timestamp %s", (_title, minTimestamp, maxTimestamp) => {
  const check = (): void => checkTimestamps(minTimestamp, maxTimestamp, settings, nowMs);
  expect(check).toThrow(ServiceError);
  expect(check).toThrow(expect.objectContaining({ code: "INVALID_TIMESTAMP" }));
});
