import { describe, expect, test } from "vitest";
import { slowRequestMs } from "../../../functions/http/observation.ts";
import { metered } from "../../../functions/metrics/metered-storage.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { realTimeStorage } from "../real-time-storage.ts";
import { asBatches, batchOf, orders, records, startFunctions } from "../start-functions.ts";
import { counted } from "./counted.ts";

const traceId = "1-67891233-abcdef012345678912345678";

async function startCounted() {
  const counts = counted();
  const context = { metrics: counts.metrics, awsRequestId: "invocation-1", coldStart: true };
  const functions = startFunctions({ storage: metered(realTimeStorage(), counts.metrics), context });
  await functions.services.topics.create("default", { name: "orders", partitions: 1 });
  return { ...functions, ...counts };
}

describe("a request through the handler", () => {
  test("is counted with its bytes, its records, its time and its storage requests", async () => {
    const { send, value, measured } = await startCounted();
    const before = value("StorageRequests", { operation: "logs.putIfAbsent" }) ?? 0;
    const batch = batchOf("one", "two", "three");
    await send(`POST ${records}`, { body: batch, headers: asBatches });
    expect(value("RequestsPerSec", { request: "produceToPartition" })).toBe(1);
    expect(value("BytesInPerSec", { namespace: "default", topic: "orders" })).toBe(batch.byteLength);
    expect(value("MessagesInPerSec", { topic: "orders" })).toBe(3);
    expect(value("ErrorsPerSec")).toBeUndefined();
    expect(value("ColdStarts")).toBe(1);
    expect(measured("LocalTimeMs")).toHaveLength(1);
    expect((value("StorageRequests", { operation: "logs.putIfAbsent" }) ?? 0) - before).toBe(1);

    await send(`GET ${records}?offset=0`);
    expect(value("BytesOutPerSec", { topic: "orders" })).toBe(batch.byteLength);
    expect(value("RequestsPerSec")).toBe(2);
  });

  test("that repeats an idempotent producer's batch brings no bytes", async () => {
    const { send, value } = await startCounted();
    const body = '{"records":[{"value":"v"}]}';
    for (let time = 0; time < 2; time += 1) {
      await send(`POST ${records}`, { body, headers: { "idempotency-key": "once" } });
    }
    expect([value("MessagesInPerSec"), value("RequestsPerSec")]).toEqual([1, 2]);
  });

  test("that fails is counted under its error's name, whoever caused it", async () => {
    const { send, failNext, value } = await startCounted();
    await send(`GET ${orders}/partitions/9/records?offset=0`);
    await send("GET /nowhere");
    failNext("fetch.fetchRecords", new ServiceError("THROTTLING_QUOTA_EXCEEDED", "slow down"));
    await send(`GET ${records}?offset=0`);
    failNext("health.check", new Error("bug"));
    await send("GET /health");
    expect(value("ErrorsPerSec", { request: "fetch", error: "UNKNOWN_TOPIC_OR_PARTITION" })).toBe(1);
    expect(value("ErrorsPerSec", { request: "none", error: "NOT_FOUND" })).toBe(1);
    expect(value("ErrorsPerSec", { request: "fetch", error: "THROTTLING_QUOTA_EXCEEDED" })).toBe(1);
    expect(value("ErrorsPerSec", { request: "getHealth", error: "SYSTEM_ERROR" })).toBe(1);
    expect(value("RequestsPerSec")).toBe(4);
  });

  test("that succeeds in parts is counted with the errors of the others", async () => {
    const { send, replace, value } = await startCounted();
    const error = new ServiceError("KAFKA_STORAGE_ERROR", "no answer");
    replace("produce.produce", async () => [
      { partition: 0, offset: 0, timestamp: 1 },
      { partition: 1, error },
      { partition: 2, error },
    ]);
    const answer = await send(`POST ${orders}/records`, { body: '{"records":[{"value":"v"}]}' });
    expect(answer.status).toBe(200);
    expect(value("ErrorsPerSec", { request: "produce", error: "KAFKA_STORAGE_ERROR" })).toBe(2);
  });

  test.each([
    ["fetch", `GET ${records}?offset=0&minBytes=1&waitMs=400`],
    ["getChanges", "GET /v1/default/changes?since=ZXID&path=/none&waitMs=400"],
    ["acquireRecords", "POST /v1/default/share-groups/g/acquire"],
  ])("that is asked to wait takes no longer for that: %s", async (request, call) => {
    const { send, measured, value, services } = await startCounted();
    const { zxid } = await services.znodes.countDescendants({ namespace: "default", identities: [] }, "/");
    const body = JSON.stringify({ topics: ["orders"], memberId: "m", maxRecords: 1, waitMs: 400 });
    const answer = await send(call.replace("ZXID", String(zxid)), call.startsWith("POST") ? { body } : {});
    expect(answer.status).toBe(200);
    expect(value("RequestsPerSec", { request })).toBe(1);
    expect(measured("RemoteTimeMs")[0]).toBeGreaterThan(300);
    expect(measured("RemoteTimeMs")[0]).toBeLessThan(600);
    expect(measured("LocalTimeMs")[0]).toBeLessThan(300);
  });

  test("costs nothing where nobody counts", async () => {
    const { send } = startFunctions();
    expect((await send("GET /health")).status).toBe(200);
  });
});

describe("the line that a failed request leaves", () => {
  const headers = { "x-amzn-trace-id": `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=1` };

  test("has what finds it again, and how long it took", async () => {
    const { send, failNext, logged } = await startCounted();
    failNext("produce.produceRecords", new Error("bug"));
    await send(`POST ${records}`, { body: '{"records":[{"key":"secret-key","value":"secret-value"}]}', headers });
    expect(logged.map(({ event }) => event)).toEqual(["request failed"]);
    expect(logged[0]?.fields).toMatchObject({
      requestId: "request-1",
      invocationId: "invocation-1",
      traceId,
      method: "POST",
      path: records,
      operation: "produceToPartition",
      namespace: "default",
      error: "SYSTEM_ERROR",
      coldStart: true,
      waitedMs: 0,
    });
    expect(logged[0]?.fields["latencyMs"]).toBeGreaterThan(0);
    expect(JSON.stringify(logged)).not.toContain("secret-");
  });

  test("is left by one that is slow as well, and has nothing of its query or body", async () => {
    const { send, replace, logged } = await startCounted();
    replace("health.check", async () => {
      await new Promise((resolve) => setTimeout(resolve, slowRequestMs + 50));
      return { storage: "ok" };
    });
    await send("GET /health?probe=ready", { headers });
    expect(logged.map(({ event }) => event)).toEqual(["request was slow"]);
    expect(logged[0]?.fields).toMatchObject({ operation: "getHealth", path: "/health", traceId });
  });

  test("keeps only what is a trace's id of what a caller says it is", async () => {
    const { send, failNext, logged } = await startCounted();
    failNext("health.check", new Error("bug"));
    await send("GET /health", { headers: { "x-amzn-trace-id": 'Root=1-2-3","level":"ERROR' } });
    expect(logged[0]?.fields["traceId"]).toBeUndefined();
  });
});
