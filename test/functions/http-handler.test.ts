import { describe, expect, test } from "vitest";
import type { GatewayAnswer, HttpEvent } from "../../functions/http/event.ts";
import { createHttpHandler } from "../../functions/http/handler.ts";
import type { LogFields } from "../../functions/http/log.ts";
import { fetchOperations } from "../../functions/operations/fetch.ts";
import { healthOperations } from "../../functions/operations/health.ts";
import { produceOperations } from "../../functions/operations/produce.ts";
import { topicsOperations } from "../../functions/operations/topics.ts";
import { ServiceError } from "../../shared/api/errors.ts";
import { operations } from "../../shared/api/operations.ts";
import { errorAnswer } from "../../shared/api/schemas/common.ts";
import type { FetchRequest } from "../../shared/services/services.ts";
import { createFakeServices } from "./fake-services.ts";

const batchType = "application/vnd.kafka.record-batch.v2";

interface Sent {
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
  readonly remainingMs?: number;
}

/** The functions with all operations, fed with API Gateway's events. */
function startFunctions() {
  const services = createFakeServices();
  const logged: { readonly event: string; readonly fields: LogFields }[] = [];
  const handler = createHttpHandler(
    [
      ...healthOperations(services),
      ...topicsOperations(services),
      ...produceOperations(services),
      ...fetchOperations(services),
    ],
    (_level, event, fields) => logged.push({ event, fields }),
  );
  const send = async (request: string, { body, headers = {}, remainingMs = 29_000 }: Sent = {}) => {
    const [method = "", target = ""] = request.split(" ");
    const [rawPath = "", rawQueryString = ""] = target.split("?");
    const bytes = typeof body === "object";
    const event: HttpEvent = {
      rawPath,
      rawQueryString,
      headers: { ...(typeof body === "string" ? { "content-type": "application/json" } : {}), ...headers },
      requestContext: { requestId: "request-1", http: { method } },
      isBase64Encoded: bytes,
      ...(body === undefined ? {} : { body: bytes ? Buffer.from(body).toString("base64") : body }),
    };
    const answer = (await handler(event, { getRemainingTimeInMillis: () => remainingMs })) as GatewayAnswer;
    const raw = Buffer.from(answer.body ?? "", answer.isBase64Encoded ? "base64" : "utf8");
    const isJson = answer.headers["content-type"] === "application/json";
    const json = (isJson ? JSON.parse(raw.toString("utf8")) : undefined) as Record<string, unknown>;
    return { status: answer.statusCode, headers: answer.headers, json, raw, answer };
  };
  return { services, logged, send };
}

const withTopic = async (partitions = 3) => {
  const functions = startFunctions();
  await functions.services.topics.create("default", { name: "orders", partitions });
  functions.services.calls.length = 0;
  return functions;
};

const records = "/v1/default/topics/orders/partitions/0/records";

describe("namespaces and topics", () => {
  test("are created, listed, described, altered and deleted", async () => {
    const { send, services } = startFunctions();
    const namespace = await send("POST /v1/namespaces", { body: '{"name":"team"}' });
    expect([namespace.status, namespace.json]).toEqual([201, { name: "team", createdAtMs: 1_700_000_000_000 }]);
    expect((await send("GET /v1/namespaces?limit=2")).json).toEqual({
      namespaces: [
        { name: "default", createdAtMs: 1_700_000_000_000 },
        { name: "team", createdAtMs: 1_700_000_000_000 },
      ],
    });

    const created = await send("POST /v1/team/topics", {
      body: JSON.stringify({ name: "orders", partitions: 2, config: { "retention.ms": "60000" } }),
      headers: { "idempotency-key": "key-1" },
    });
    expect(created.status).toBe(201);
    expect(operations.createTopic.answer.parse(created.json)).toEqual(created.json);
    expect(services.calls.at(-1)).toEqual({
      name: "topics.create",
      arguments: [
        "team",
        { name: "orders", partitions: 2, config: { "retention.ms": "60000" }, idempotencyKey: "key-1" },
      ],
    });
    expect((await send("GET /v1/team/topics?nextToken=abc")).json).toEqual({
      topics: [{ name: "orders", topicId: "tttttttttttttttttttttt", partitions: 2 }],
      nextToken: "more",
    });
    expect(services.calls.at(-1)?.arguments[1]).toEqual({ limit: 100, nextToken: "abc" });

    const altered = await send("PATCH /v1/team/topics/orders", {
      body: '{"partitions":4,"config":{"retention.ms":null}}',
    });
    expect([altered.status, altered.json]).toEqual([200, { ...created.json, partitions: 4, config: {} }]);
    expect((await send("GET /v1/team/topics/orders")).json).toEqual(altered.json);
    const deleted = await send("DELETE /v1/team/topics/orders");
    expect([deleted.status, deleted.answer.body]).toEqual([204, undefined]);
    expect((await send("GET /v1/team/topics/orders")).status).toBe(404);
    expect((await send("DELETE /v1/namespaces/team")).status).toBe(204);
  });

  test.each([
    ["POST /v1/namespaces", '{"name":', 400, "INVALID_REQUEST"],
    ["POST /v1/namespaces", '{"name":"default"}', 409, "NAMESPACE_ALREADY_EXISTS"],
    ["POST /v1/default/topics", '{"name":"a","partitions":0}', 400, "INVALID_PARTITIONS"],
    ["POST /v1/default/topics", '{"name":"a/b"}', 400, "INVALID_TOPIC_EXCEPTION"],
    ["POST /v1/default/topics", `{"name":"${"a".repeat(250)}"}`, 400, "INVALID_TOPIC_EXCEPTION"],
    ["POST /v1/default/topics", '{"name":"orders"}', 409, "TOPIC_ALREADY_EXISTS"],
    ["GET /v1/default/topics/a%2Fb", undefined, 400, "INVALID_TOPIC_EXCEPTION"],
    ["GET /v1/default/topics/%2E%2E", undefined, 400, "INVALID_TOPIC_EXCEPTION"],
    ["GET /v1/default/topics/%ff", undefined, 400, "INVALID_REQUEST"],
    ["GET /v1/default/topics/unknown", undefined, 404, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["GET /v1/default/topics?limit=many", undefined, 400, "INVALID_REQUEST"],
    ["GET /v1/default/topics?limit=1&limit=2", undefined, 400, "INVALID_REQUEST"],
    ["DELETE /v1/namespaces/unknown", undefined, 404, "UNKNOWN_NAMESPACE"],
    ["PUT /v1/default/topics/orders", undefined, 405, "METHOD_NOT_ALLOWED"],
    ["GET /v2/topics", undefined, 404, "NOT_FOUND"],
    ["GET /v1/default/topics", "{}", 400, "INVALID_REQUEST"],
    ["PATCH /v1/default/topics/orders", undefined, 415, "UNSUPPORTED_MEDIA_TYPE"],
  ])("%s %s answers %i %s", async (request, body, status, error) => {
    const { send } = await withTopic();
    const answer = await send(request, body === undefined ? {} : { body });
    expect([answer.status, answer.json["error"]]).toEqual([status, error]);
    expect(errorAnswer.parse(answer.json)).toEqual(answer.json);
    expect(answer.json["requestId"]).toBe("request-1");
    expect(answer.headers["x-request-id"]).toBe("request-1");
  });

  test("a refused field is named in the details", async () => {
    const { send } = startFunctions();
    const answer = await send("POST /v1/default/topics", { body: '{"name":"a","config":{"retention.ms":60000}}' });
    expect(answer.json["details"]).toEqual({ in: "body", field: "config.retention.ms" });
    const unknown = await send("POST /v1/default/topics", { body: '{"name":"a","replicas":3}' });
    expect(unknown.json["details"]).toEqual({ in: "body", field: "replicas" });
  });

  test("a wrong method is answered with those that are right", async () => {
    const { send } = startFunctions();
    const wrong = await send("POST /v1/default/topics/orders", { body: "{}" });
    expect([wrong.status, wrong.headers["allow"]]).toEqual([405, "GET, PATCH, DELETE, HEAD, OPTIONS"]);
    const asked = await send("OPTIONS /v1/default/topics/orders");
    expect([asked.status, asked.headers["allow"]]).toEqual([204, "GET, PATCH, DELETE, HEAD, OPTIONS"]);
  });

  test.each(["", "two words", "ü", "k".repeat(129)])("refuses the idempotency key %j", async (key) => {
    const { send } = startFunctions();
    const answer = await send("POST /v1/default/topics", { body: '{"name":"a"}', headers: { "idempotency-key": key } });
    expect(answer.json).toMatchObject({
      error: "INVALID_REQUEST",
      details: { in: "header", field: "idempotency-key" },
    });
  });
});

describe("produce", () => {
  test("answers one result per record, and one partition's failure hides no other's success", async () => {
    const { send } = await withTopic();
    const { status, json } = await send("POST /v1/default/topics/orders/records", {
      body: '{"records":[{"key":"k","value":"a","timestamp":5},{"value":"b","partition":9},{"value":"c","partition":1}]}',
    });
    expect(status).toBe(200);
    expect(json).toEqual({
      results: [
        { partition: 0, offset: 0, timestamp: 5 },
        {
          partition: 9,
          error: {
            error: "UNKNOWN_TOPIC_OR_PARTITION",
            message: "There is no such topic or partition",
            retriable: true,
            details: {},
          },
        },
        { partition: 1, offset: 0, timestamp: 1_700_000_000_000 },
      ],
    });
    expect(operations.produce.answer.parse(json)).toEqual(json);
  });

  test("takes JSON for one partition, with the producer and the conditions", async () => {
    const { send, services } = await withTopic();
    const { json } = await send(`POST ${records}`, {
      body: JSON.stringify({
        records: [{ value: "a" }, { value: "b", timestamp: 7 }],
        producerId: "1000",
        producerEpoch: 0,
        baseSequence: 4,
        expectedOffset: 0,
        fencingToken: 2,
      }),
      headers: { "idempotency-key": "key-1" },
    });
    expect(json).toEqual({
      results: [
        { partition: 0, offset: 0, timestamp: 1_700_000_000_000 },
        { partition: 0, offset: 1, timestamp: 7 },
      ],
    });
    expect(services.calls.at(-1)?.arguments[0]).toMatchObject({
      namespace: "default",
      topic: "orders",
      partition: 0,
      producer: { producerId: 1000n, producerEpoch: 0, baseSequence: 4 },
      conditions: { expectedOffset: 0, fencingToken: 2 },
      idempotencyKey: "key-1",
    });
  });

  test("takes record batches as they are, with the conditions in the query", async () => {
    const { send, services } = await withTopic();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const { status, json } = await send(`POST ${records}?expectedOffset=0&fencingToken=2`, {
      body: bytes,
      headers: { "content-type": batchType },
    });
    expect([status, json]).toEqual([200, { baseOffset: 0, appendedAtMs: 1_700_000_000_000 }]);
    const call = services.calls.at(-1)?.arguments[0] as { readonly bytes: Uint8Array; readonly conditions: object };
    expect(Buffer.from(call.bytes).equals(bytes)).toBe(true);
    expect(call.conditions).toEqual({ expectedOffset: 0, fencingToken: 2 });
  });

  test.each<[string, Sent, number, string]>([
    ["malformed JSON", { body: '{"records":[' }, 400, "INVALID_REQUEST"],
    [
      "a body that is not UTF-8",
      { body: Uint8Array.of(0x22, 0xff, 0x22), headers: { "content-type": "application/json" } },
      400,
      "INVALID_REQUEST",
    ],
    ["no body", { headers: { "content-type": "application/json" } }, 400, "INVALID_REQUEST"],
    ["no batch", { headers: { "content-type": batchType } }, 400, "INVALID_REQUEST"],
    ["no type", { body: Uint8Array.of(1) }, 415, "UNSUPPORTED_MEDIA_TYPE"],
    [
      "a form",
      { body: "a=b", headers: { "content-type": "application/x-www-form-urlencoded" } },
      415,
      "UNSUPPORTED_MEDIA_TYPE",
    ],
    ["compressed JSON", { body: "{}", headers: { "content-encoding": "gzip" } }, 415, "UNSUPPORTED_MEDIA_TYPE"],
    [
      "a key over 1 MB",
      { body: JSON.stringify({ records: [{ key: "k".repeat(1_048_577), value: "" }] }) },
      413,
      "MESSAGE_TOO_LARGE",
    ],
    ["a body over the limit", { body: `{"records":["${"a".repeat(10_485_760)}"]}` }, 413, "MESSAGE_TOO_LARGE"],
    ["more records than fit", { body: `{"records":[${"0,".repeat(100_000)}0]}` }, 413, "RECORD_LIST_TOO_LARGE"],
  ])("%s is refused", async (_title, sent, status, error) => {
    const { send, services } = await withTopic();
    const answer = await send(`POST ${records}`, sent);
    expect([answer.status, answer.json["error"]]).toEqual([status, error]);
    expect(services.calls).toEqual([]);
  });

  test.each([
    ["partitions/7/records", 404, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["partitions/-1/records", 400, "INVALID_REQUEST"],
    ["partitions/one/records", 400, "INVALID_REQUEST"],
    ["partitions/2147483648/records", 400, "INVALID_REQUEST"],
    ["partitions/0/records?expectedOffset=0", 400, "INVALID_REQUEST"],
    ["partitions/0/records?acks=1", 400, "INVALID_REQUEST"],
  ])("JSON to %s answers %i %s", async (path, status, error) => {
    const { send } = await withTopic();
    const answer = await send(`POST /v1/default/topics/orders/${path}`, { body: '{"records":[{"value":"v"}]}' });
    expect([answer.status, answer.json["error"]]).toEqual([status, error]);
  });

  test("truncates, and gives ids to producers", async () => {
    const { send, services } = await withTopic();
    await services.produce.produce({
      namespace: "default",
      topic: "orders",
      records: [{ key: null, value: null, headers: [] }],
    });
    const truncate = "POST /v1/default/topics/orders/partitions/0/truncate";
    expect((await send(truncate, { body: '{"beforeOffset":-1}' })).json).toEqual({ logStartOffset: 1 });
    expect((await send(truncate, { body: '{"beforeOffset":9}' })).status).toBe(416);
    expect((await send(truncate, { body: '{"beforeOffset":"0"}' })).status).toBe(400);
    expect((await send("POST /v1/default/producers")).json).toEqual({ producerId: "1000", producerEpoch: 0 });
    expect((await send("POST /v1/default/producers", { body: "{}" })).json).toMatchObject({ producerId: "1001" });
    const transactional = await send("POST /v1/default/producers", { body: '{"transactionalId":"t"}' });
    expect(transactional.json).toMatchObject({
      error: "INVALID_REQUEST",
      message: "Transactions are not served yet: leave out transactionalId",
      details: { field: "transactionalId" },
    });
  });
});

describe("fetch", () => {
  const withRecords = async () => {
    const functions = await withTopic();
    await functions.services.produce.produceRecords({
      namespace: "default",
      topic: "orders",
      partition: 0,
      records: [
        {
          key: Buffer.from("k"),
          value: Buffer.from("grüße"),
          headers: [{ key: "h", value: Buffer.of(0xff) }],
          timestamp: 5,
        },
        { key: null, value: null, headers: [], timestamp: 6 },
        { key: Buffer.of(0xc3), value: Buffer.from("\ufeffbom\u0000"), headers: [], timestamp: 7 },
      ],
    });
    functions.services.calls.length = 0;
    return functions;
  };

  test("answers records as JSON: bytes as text where they are UTF-8, else as base64", async () => {
    const { send } = await withRecords();
    const { status, json } = await send(`GET ${records}?offset=0`);
    expect(status).toBe(200);
    expect(json).toEqual({
      records: [
        { offset: 0, timestamp: 5, key: "k", value: "grüße", headers: [{ key: "h", value: { base64: "/w==" } }] },
        { offset: 1, timestamp: 6, key: null, value: null, headers: [] },
        { offset: 2, timestamp: 7, key: { base64: "ww==" }, value: "\ufeffbom\u0000", headers: [] },
      ],
      nextOffset: 3,
      highWatermark: 3,
      lastStableOffset: 3,
      logStartOffset: 0,
    });
    expect(operations.fetch.answer.parse(json)).toEqual(json);
  });

  test("begins at the earliest or the latest offset where that is asked for", async () => {
    const { send } = await withRecords();
    expect((await send(`GET ${records}`)).json["nextOffset"]).toBe(3);
    expect((await send(`GET ${records}?offset=latest`)).json).toMatchObject({ records: [], nextOffset: 3 });
    expect((await send(`GET ${records}?offset=2`)).json["records"]).toHaveLength(1);
  });

  test("looks up the earliest offset again where its record was just deleted, and gives up at last", async () => {
    const { send, services } = await withRecords();
    const gone = new ServiceError("OFFSET_OUT_OF_RANGE", "gone");
    services.failNext("fetch.fetchRecords", gone);
    expect((await send(`GET ${records}?offset=earliest`)).status).toBe(200);
    const { fetchRecords } = services.fetch;
    services.fetch.fetchRecords = async () => Promise.reject(gone);
    expect((await send(`GET ${records}?offset=earliest`)).status).toBe(416);
    services.fetch.fetchRecords = fetchRecords;
  });

  test.each([-1, 4])("answers where the log begins and ends for offset %i", async (offset) => {
    const { send } = await withRecords();
    const { status, json } = await send(`GET ${records}?offset=${offset}`);
    expect([status, json["error"], json["details"]]).toEqual([
      416,
      "OFFSET_OUT_OF_RANGE",
      { logStartOffset: 0, highWatermark: 3 },
    ]);
  });

  test("answers record batches as bytes, with the offsets in headers", async () => {
    const { send } = await withTopic();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await send(`POST ${records}`, { body: bytes, headers: { "content-type": batchType } });
    const { status, headers, raw, answer } = await send(`GET ${records}?offset=0`, { headers: { accept: batchType } });
    expect([status, answer.isBase64Encoded, raw.equals(bytes)]).toEqual([200, true, true]);
    expect(headers).toMatchObject({
      "content-type": batchType,
      "x-streamkeeper-next-offset": "1",
      "x-streamkeeper-high-watermark": "1",
      "x-streamkeeper-last-stable-offset": "1",
      "x-streamkeeper-log-start-offset": "0",
    });
  });

  test("refuses a type that it does not answer", async () => {
    const { send } = await withRecords();
    const { status, json } = await send(`GET ${records}`, { headers: { accept: "text/csv" } });
    expect([status, json["error"]]).toEqual([406, "NOT_ACCEPTABLE"]);
  });

  test("passes the bounds on, cut to what the function can wait and carry", async () => {
    const { send, services } = await withRecords();
    await send(
      `GET ${records}?offset=1&maxBytes=8388608&maxRecords=7&minBytes=9&waitMs=25000&isolation=read_committed`,
      {
        remainingMs: 12_000,
      },
    );
    const { signal, ...request } = services.calls.at(-1)?.arguments[0] as FetchRequest;
    expect(signal).toBeInstanceOf(AbortSignal);
    expect(request).toEqual({
      namespace: "default",
      topic: "orders",
      partition: 0,
      offset: 1,
      maxBytes: 4_500_000,
      maxRecords: 7,
      minBytes: 9,
      waitMs: 10_000,
      isolation: "read_committed",
    });
  });

  test("answers fewer records where their JSON would not fit, and goes on after them", async () => {
    const { send, services } = await withTopic();
    const value = Buffer.alloc(100_000, 1);
    await services.produce.produceRecords({
      namespace: "default",
      topic: "orders",
      partition: 0,
      records: Array.from({ length: 20 }, () => ({ key: null, value, headers: [] })),
    });
    const { status, json, answer } = await send(`GET ${records}?offset=0`);
    expect(status).toBe(200);
    expect(String(answer.body).length).toBeLessThan(6_291_456);
    expect([(json["records"] as unknown[]).length, json["nextOffset"]]).toEqual([5, 5]);
    expect((await send(`GET ${records}?offset=5`)).json["nextOffset"]).toBe(12);
  });

  test("says so where one record or batch is larger than a function can answer", async () => {
    const { send, services } = await withTopic();
    const request = { namespace: "default", topic: "orders", partition: 0 };
    await services.produce.produceRecords({
      ...request,
      records: [{ key: null, value: Buffer.alloc(4_500_000, 97), headers: [] }],
    });
    expect((await send(`GET ${records}?offset=0`)).json["error"]).toBe("MESSAGE_TOO_LARGE");
    await services.produce.produceBatches({ ...request, bytes: new Uint8Array(4_500_001) });
    const batches = await send(`GET ${records}?offset=0`, { headers: { accept: batchType } });
    expect([batches.status, batches.json["details"]]).toEqual([413, { answerBytesMax: 4_500_000 }]);
  });

  test("finds offsets", async () => {
    const { send } = await withRecords();
    const offsets = "/v1/default/topics/orders/partitions/0/offsets";
    expect((await send(`GET ${offsets}?at=earliest`)).json).toEqual({ offset: 0, timestamp: -1 });
    expect((await send(`GET ${offsets}?at=latest`)).json).toEqual({ offset: 3, timestamp: -1 });
    expect((await send(`GET ${offsets}?at=6`)).json).toEqual({ offset: 1, timestamp: 6 });
    expect((await send(`GET ${offsets}?at=8`)).json).toEqual({ offset: -1, timestamp: -1 });
    for (const query of ["", "?at=", "?at=now", "?at=-1", "?at=1.5"]) {
      expect((await send(`GET ${offsets}${query}`)).json["error"]).toBe("INVALID_REQUEST");
    }
  });
});

describe("health", () => {
  test("answers liveness without storage and readiness with it", async () => {
    const { send, services } = startFunctions();
    expect((await send("GET /health?probe=live")).json).toEqual({ status: "ok" });
    expect(services.calls).toEqual([]);
    expect((await send("GET /health")).json).toEqual({ status: "ok", storage: "ok" });
    services.failNext("health.check", new ServiceError("KAFKA_STORAGE_ERROR", "cannot write"));
    const failed = await send("GET /health");
    expect([failed.status, failed.json["error"], failed.json["retriable"]]).toEqual([503, "KAFKA_STORAGE_ERROR", true]);
  });
});

describe("failures", () => {
  test("that nobody foresaw tell the caller nothing but the request's id, and the log everything", async () => {
    const { send, services, logged } = startFunctions();
    services.failNext("health.check", new Error("secret table name", { cause: new TypeError("deeper") }));
    const answer = await send("GET /health");
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({
      error: "SYSTEM_ERROR",
      message: "The request failed for a reason that is not the caller's",
      retriable: false,
      details: {},
      requestId: "request-1",
    });
    expect(logged).toHaveLength(1);
    expect(logged[0]?.fields).toMatchObject({ requestId: "request-1", method: "GET", path: "/health" });
    expect(logged[0]?.fields["cause"]).toMatch(/secret table name[^]*caused by: TypeError: deeper/);
  });

  test("of a write say that it may have happened", async () => {
    const { send, services, logged } = await withTopic();
    services.failNext("produce.produceRecords", new Error("bug"));
    const body = '{"records":[{"value":"v"}]}';
    expect((await send(`POST ${records}`, { body })).json["details"]).toEqual({ effect: "unknown" });
    const unclear = new ServiceError("REQUEST_TIMED_OUT", "no answer", { effect: "unknown" });
    services.failNext("produce.produceRecords", unclear);
    const answer = await send(`POST ${records}`, { body });
    expect([answer.status, answer.json["details"]]).toEqual([504, { effect: "unknown" }]);
    expect(logged).toHaveLength(2);
  });

  test("that a caller caused leave no line in the log", async () => {
    const { send, logged } = await withTopic();
    await send(`POST ${records}`, { body: "{" });
    await send("GET /nowhere");
    expect(logged).toEqual([]);
  });

  test("of a service that asks to slow down say when to try again", async () => {
    const { send, services } = await withTopic();
    services.failNext("produce.produceRecords", new ServiceError("THROTTLING_QUOTA_EXCEEDED", "slow down"));
    const answer = await send(`POST ${records}`, { body: '{"records":[{"value":"v"}]}' });
    expect([answer.status, answer.headers["retry-after"]]).toEqual([429, "1"]);
  });

  test("an operation that outlasts the function is answered before it ends", async () => {
    const { send, services } = await withTopic();
    services.fetch.listOffset = async () => new Promise(() => {});
    const read = await send("GET /v1/default/topics/orders/partitions/0/offsets?at=latest", { remainingMs: 520 });
    expect([read.status, read.json["error"], read.json["details"]]).toEqual([504, "REQUEST_TIMED_OUT", {}]);
    services.produce.produceRecords = async () => new Promise(() => {});
    const write = await send(`POST ${records}`, { body: '{"records":[{"value":"v"}]}', remainingMs: 520 });
    expect([write.status, write.json["details"]]).toEqual([504, { effect: "unknown" }]);
  });
});
