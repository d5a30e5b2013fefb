import type { SQSEvent } from "aws-lambda";
import { describe, expect, test } from "vitest";
import { createSealHandler } from "../../functions/seal.ts";
import { encodeDuty } from "../../shared/storage/aws/duty-message.ts";
import { observedServices } from "./observed-services.ts";

const eventOf = (...bodies: readonly string[]): SQSEvent =>
  ({ Records: bodies.map((body, index) => ({ messageId: `m${index}`, body })) }) as unknown as SQSEvent;

describe("the seal function", () => {
  test("does each duty of the queue", async () => {
    const { services, calls } = observedServices();
    const handler = createSealHandler(services);
    const duties = (["seal", "retain", "collect"] as const).map((kind, partition) =>
      encodeDuty({ kind, topicId: "t", partition, ...(kind === "seal" ? { segmentBytes: 1_048_576 } : {}) }),
    );
    const compact = {
      kind: "compact",
      topicId: "t",
      partition: 3,
      askedAtMs: 1,
      segmentBytes: 2,
      minCompactionLagMs: 3,
      maxCompactionLagMs: 4,
      deleteRetentionMs: 5,
      minCleanableDirtyRatio: 0.5,
    } as const;
    duties.push(encodeDuty(compact));
    expect(await handler(eventOf(...duties), {})).toEqual({ batchItemFailures: [] });
    expect(calls).toEqual([
      { name: "duties.seal", args: ["t", 0, 1_048_576] },
      { name: "duties.retain", args: ["t", 1] },
      { name: "duties.collect", args: ["t", 2] },
      { name: "duties.compact", args: [compact] },
    ]);
  });

  test("reports the duties that failed and what is no duty, and goes on", async () => {
    const { services, calls, failNext } = observedServices();
    const logged: unknown[] = [];
    const handler = createSealHandler(services, (_level, event, { messageId }) => logged.push([event, messageId]));
    failNext("duties.seal", new Error("no"));
    const seal = encodeDuty({ kind: "seal", topicId: "t", partition: 0 });
    const answer = await handler(eventOf(seal, "not JSON", '{"kind":"shred","topicId":"t","partition":0}', seal), {});
    expect(answer).toEqual({
      batchItemFailures: [{ itemIdentifier: "m0" }, { itemIdentifier: "m1" }, { itemIdentifier: "m2" }],
    });
    expect(calls).toHaveLength(2);
    expect(logged).toEqual([
      ["duty failed", "m0"],
      ["duty failed", "m1"],
      ["duty failed", "m2"],
    ]);
  });

  test("begins no duty for which no time is left", async () => {
    const { services, calls } = observedServices();
    const handler = createSealHandler(services, () => {});
    const seal = encodeDuty({ kind: "seal", topicId: "t", partition: 0 });
    const answer = await handler(eventOf(seal), { getRemainingTimeInMillis: () => 5_000 });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "m0" }] });
    expect(calls).toEqual([]);
  });
});
