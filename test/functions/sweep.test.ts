import type { ScheduledEvent } from "aws-lambda";
import { describe, expect, test } from "vitest";
import { createSweepHandler } from "../../functions/sweep.ts";
import { observedServices } from "./observed-services.ts";

describe("the sweep function", () => {
  test("sweeps, and fails where the sweep fails, so that Lambda counts it", async () => {
    const { services, calls, failNext } = observedServices();
    const logged: string[] = [];
    const handler = createSweepHandler(services, (_level, event) => logged.push(event));
    await handler({} as ScheduledEvent, {});
    expect(calls.map(({ name }) => name)).toEqual(["duties.sweep", "gauges.refresh"]);
    failNext("duties.sweep", new Error("no"));
    await expect(handler({} as ScheduledEvent, {})).rejects.toThrow("no");
    expect(logged).toEqual(["sweep failed"]);
  });

  test("tells the gauges even where the sweep fails, and does not fail because of them", async () => {
    const { services, calls, failNext } = observedServices();
    const logged: string[] = [];
    const handler = createSweepHandler(services, (_level, event) => logged.push(event));
    failNext("gauges.refresh", new Error("no gauges"));
    await handler({} as ScheduledEvent, {});
    failNext("duties.sweep", new Error("no"));
    await expect(handler({} as ScheduledEvent, {})).rejects.toThrow("no");
    expect(logged).toEqual(["gauges were not refreshed", "sweep failed"]);
    expect(calls.filter(({ name }) => name === "gauges.refresh")).toHaveLength(2);
  });
});
