import type { ScheduledEvent } from "aws-lambda";
import { describe, expect, test } from "vitest";
import { createSweepHandler } from "../../functions/sweep.ts";
import { createFakeServices } from "./fake-services.ts";

describe("the sweep function", () => {
  test("sweeps, and fails where the sweep fails, so that Lambda counts it", async () => {
    const services = createFakeServices();
    const logged: string[] = [];
    const handler = createSweepHandler(services, (_level, event) => logged.push(event));
    await handler({} as ScheduledEvent, {});
    expect(services.calls).toEqual([{ name: "duties.sweep", arguments: [] }]);
    services.failNext("duties.sweep", new Error("no"));
    await expect(handler({} as ScheduledEvent, {})).rejects.toThrow("no");
    expect(logged).toEqual(["sweep failed"]);
  });
});
