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
    expect(calls).toEqual([{ name: "duties.sweep", args: [] }]);
    failNext("duties.sweep", new Error("no"));
    await expect(handler({} as ScheduledEvent, {})).rejects.toThrow("no");
    expect(logged).toEqual(["sweep failed"]);
  });
});
