import { describe, expect, test } from "vitest";
import { capabilitySizes } from "../../../infra/capabilities.ts";
import { describeLoad, type Load, loadBounds } from "../../../shared/cost/load.ts";
import { peerBills } from "../../../shared/cost/peers.ts";
import { assumptions, predictBill } from "../../../shared/cost/predict.ts";
import { subscribersCacheMs } from "../../../shared/limits/push.ts";

const perGib = (batchBytes: number, functionUrls = true): number =>
  predictBill(describeLoad({ writeMibPerSecond: 1, batchBytes, functionUrls })).dollarsPerGibWritten ?? Number.NaN;

describe("a month's bill", () => {
  test("is at most $0.010 for a GiB in batches of 1 MiB by function URL, functions included", () => {
    expect(perGib(1_048_576)).toBeLessThanOrEqual(0.01);
    expect(perGib(1_048_576, false)).toBeGreaterThan(perGib(1_048_576));
  });

  test("falls with the size of batches, by reference above the inline limit", () => {
    expect(perGib(1_100)).toBeGreaterThan(perGib(16_000));
    expect(perGib(16_000)).toBeGreaterThan(perGib(65_536));
  });

  test("is without requests to stores or functions when nothing happens, but for sweeps and empty queues", () => {
    const { lines, storageDollars, dollars } = predictBill(describeLoad({ alarms: 0 }));
    expect(storageDollars).toBe(0);
    expect(
      lines.every(({ price }) => ["readUnit", "functionRequest", "functionGbSecond", "queueRequest"].includes(price)),
    ).toBe(true);
    expect(dollars).toBeLessThan(0.6);
  });

  test("grows in proportion to the load, and its lines add up to it", () => {
    const load = { writeMibPerSecond: 100, batchBytes: 1_048_576, partitions: 100, alarms: 0 };
    const [once, twice] = [
      predictBill(describeLoad(load)),
      predictBill(describeLoad({ ...load, writeMibPerSecond: 200 })),
    ];
    expect(twice.dollars / once.dollars).toBeCloseTo(2, 1);
    expect(once.lines.reduce((sum, { dollars }) => sum + dollars, 0)).toBeCloseTo(once.dollars, 6);
  });

  test("has a call of notify for each write, but no more than the stream's batches, and none without push", () => {
    const callsPerMonth = (load: Partial<Load>): number => {
      const [pushed, polled] = [true, false].map((push) =>
        predictBill(describeLoad({ ...load, consumers: 0, push })).lines.find(
          ({ price }) => price === "functionRequest",
        ),
      );
      return (pushed?.quantity ?? 0) - (polled?.quantity ?? 0);
    };
    const month = 730 * 3_600;
    expect(callsPerMonth({ writeMibPerSecond: 1, batchBytes: 1_048_576 })).toBeCloseTo(month, 0);
    expect(callsPerMonth({ znodeWritesPerSecond: 1 })).toBeCloseTo(month, 0);
    expect(callsPerMonth({ writeMibPerSecond: 1, batchBytes: 1_024 })).toBeCloseTo(4 * month, 0);
    expect(callsPerMonth({ writeMibPerSecond: 1, batchBytes: 1_024, partitions: 100 })).toBeCloseTo(64 * month, 0);
    expect(callsPerMonth({})).toBe(0);
  });

  test("takes what it assumes of push from where it is decided", () => {
    expect(assumptions.notify.memoryMb).toBe(capabilitySizes.notify.memoryMb);
    expect(assumptions.pushCall.memoryMb).toBe(capabilitySizes.push.memoryMb);
    expect(assumptions.subscribersCacheSeconds * 1_000).toBe(subscribersCacheMs);
  });

  test("takes the memory that functions have", () => {
    expect(assumptions.produceInline.memoryMb).toBe(capabilitySizes.produce.memoryMb);
    expect(assumptions.fetchInline.memoryMb).toBe(capabilitySizes.fetch.memoryMb);
    expect(assumptions.znode.memoryMb).toBe(capabilitySizes.znode.memoryMb);
    expect(assumptions.sealStart.memoryMb).toBe(capabilitySizes.seal.memoryMb);
  });

  test.each(Object.entries(loadBounds))("refuses %s out of its bounds", (name, { min, max }) => {
    for (const value of [min - 1, max + 1, Number.NaN]) {
      expect(() => describeLoad({ [name]: value })).toThrow(new RegExp(`^${name} is `));
    }
  });
});

test("Kinesis counts a record of less than 1 KB as 1 KB, and others have what the load asks for", () => {
  const kinesis = (recordBytes: number): number =>
    peerBills(describeLoad({ writeMibPerSecond: 1, recordBytes, consumers: 0, retentionDays: 1 }))[0]?.dollars ??
    Number.NaN;
  expect(kinesis(100)).toBeGreaterThan(5 * kinesis(1_024));
  expect(peerBills(describeLoad({ sessions: 3 })).map(({ name }) => name)).toEqual(["Self-run ZooKeeper"]);
});
