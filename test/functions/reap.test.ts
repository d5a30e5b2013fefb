import type { SQSEvent } from "aws-lambda";
import { describe, expect, test } from "vitest";
import { createReapHandler } from "../../functions/reap.ts";
import { encodeDuty } from "../../shared/storage/aws/duty-message.ts";
import { observedServices } from "./observed-services.ts";

const eventOf = (...bodies: readonly string[]): SQSEvent =>
  ({ Records: bodies.map((body, index) => ({ messageId: `m${index}`, body })) }) as unknown as SQSEvent;
const reap = (sessionId: string): string => encodeDuty({ kind: "reap", namespace: "default", sessionId });

describe("the reap function", () => {
  test("looks at each session and namespace of the queue", async () => {
    const { services, calls } = observedServices();
    const handler = createReapHandler(services);
    const expire = encodeDuty({ kind: "expire", namespace: "default" });
    const largest = 2n ** 62n - 1n;
    expect(await handler(eventOf(reap("7"), expire, reap(String(largest))), {})).toEqual({ batchItemFailures: [] });
    expect(calls).toEqual([
      { name: "duties.reap", args: ["default", 7n] },
      { name: "duties.expire", args: ["default"] },
      { name: "duties.reap", args: ["default", largest] },
    ]);
  });

  test("reports what failed and what is no duty, and goes on", async () => {
    const { services, calls, failNext } = observedServices();
    const logged: unknown[] = [];
    const handler = createReapHandler(services, (_level, event, { messageId }) => logged.push([event, messageId]));
    failNext("duties.reap", new Error("no"));
    const answer = await handler(eventOf(reap("7"), '{"kind":"reap","namespace":"default"}', reap("8")), {});
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "m0" }, { itemIdentifier: "m1" }] });
    expect(calls).toHaveLength(2);
    expect(logged).toEqual([
      ["duty failed", "m0"],
      ["duty failed", "m1"],
    ]);
  });

  test("begins nothing for which no time is left", async () => {
    const { services, calls } = observedServices();
    const handler = createReapHandler(services, () => {});
    const answer = await handler(eventOf(reap("7")), { getRemainingTimeInMillis: () => 1_000 });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "m0" }] });
    expect(calls).toEqual([]);
  });
});
