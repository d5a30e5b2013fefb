import { describe, expect, test } from "vitest";
import { QuotaMeter } from "../../../../gateway/kafka/security/quota-meter.ts";
import { quotaMetersMax, throttleTimeMsMax } from "../../../../shared/limits/kafka-security.ts";

describe("a meter of quotas", () => {
  test("lets a second's bytes pass at once, and makes what is more wait until the rate has made up for it", () => {
    const meter = new QuotaMeter();
    expect(meter.add("a", 1_000, 1_000, 0)).toBe(0);
    expect(meter.add("a", 500, 1_000, 0)).toBe(500);
    expect(meter.add("a", 0, 1_000, 500)).toBe(0);
    expect(meter.add("a", 1_000, 1_000, 1_500)).toBe(0);
  });

  test("keeps whoever waits as long as it is told at the rate, whatever the sizes", () => {
    const meter = new QuotaMeter();
    let nowMs = 0;
    let bytes = 0;
    for (let round = 0; round < 100; round += 1) {
      const size = (round % 7) * 100;
      bytes += size;
      nowMs += meter.add("a", size, 1_000, nowMs);
    }
    expect(bytes / (nowMs / 1_000 + 1)).toBeCloseTo(1_000, -1);
  });

  test("counts names apart, and never makes anyone wait longer than the bound", () => {
    const meter = new QuotaMeter();
    expect(meter.add("a", 1_000_000, 1, 0)).toBe(throttleTimeMsMax);
    expect(meter.add("b", 1, 1, 0)).toBe(0);
  });

  test("forgets who was not seen for longest when there are too many", () => {
    const meter = new QuotaMeter();
    meter.add("first", 5_000, 1_000, 0);
    for (let index = 0; index < quotaMetersMax; index += 1) meter.add(`n${index}`, 0, 1_000, 0);
    expect(meter.add("first", 0, 1_000, 0)).toBe(0);
  });
});
