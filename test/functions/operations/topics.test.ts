import { describe, expect, test } from "vitest";
import { operations } from "../../../shared/api/operations.ts";
import { errorAnswer } from "../../../shared/api/schemas/common.ts";
import { startFunctions, startWithTopic } from "../start-functions.ts";

describe("namespaces", () => {
  test("are created, listed and deleted", async () => {
    const { send } = startFunctions();
    const created = await send("POST /v1/namespaces", { body: '{"name":"team"}' });
    expect([created.status, created.json]).toEqual([201, { name: "team", createdAtMs: expect.any(Number) }]);
    const listed = await send("GET /v1/namespaces");
    expect(listed.json["namespaces"]).toContainEqual(created.json);
    expect(operations.listNamespaces.answer.parse(listed.json)).toEqual(listed.json);
    const deleted = await send("DELETE /v1/namespaces/team");
    expect([deleted.status, deleted.answer.body]).toEqual([204, undefined]);
    expect((await send("DELETE /v1/namespaces/team")).json["error"]).toBe("UNKNOWN_NAMESPACE");
  });

  test("that hold a topic are not deleted", async () => {
    const { send } = startFunctions();
    await send("POST /v1/namespaces", { body: '{"name":"team"}' });
    await send("POST /v1/team/topics", { body: '{"name":"orders"}' });
    const refused = await send("DELETE /v1/namespaces/team");
    expect([refused.status, refused.json["error"]]).toEqual([409, "NOT_EMPTY"]);
  });
});

describe("topics", () => {
  test("are described in the same way for whoever may produce to them", async () => {
    const { send } = await startWithTopic();
    const described = await send("GET /v1/default/topics/orders");
    expect((await send("GET /v1/default/topics/orders/partitions")).json).toEqual(described.json);
    expect((await send("GET /v1/default/topics/gone/partitions")).json["error"]).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  });

  test("are created, listed, described, altered and deleted", async () => {
    const { send } = startFunctions();
    const created = await send("POST /v1/default/topics", {
      body: JSON.stringify({ name: "orders", partitions: 2, config: { "retention.ms": "60000" } }),
    });
    expect([created.status, created.json]).toMatchObject([
      201,
      { name: "orders", partitions: 2, config: { "retention.ms": "60000" } },
    ]);
    expect(operations.createTopic.answer.parse(created.json)).toEqual(created.json);
    const { topicId } = created.json;
    expect((await send("GET /v1/default/topics")).json).toEqual({
      topics: [{ name: "orders", topicId, partitions: 2 }],
    });

    const altered = await send("PATCH /v1/default/topics/orders", {
      body: '{"partitions":4,"config":{"retention.ms":null}}',
    });
    expect([altered.status, altered.json]).toEqual([200, { ...created.json, partitions: 4, config: {} }]);
    expect((await send("GET /v1/default/topics/orders")).json).toEqual(altered.json);

    const deleted = await send("DELETE /v1/default/topics/orders");
    expect([deleted.status, deleted.answer.body]).toEqual([204, undefined]);
    expect((await send("GET /v1/default/topics/orders")).status).toBe(404);
  });

  test("are listed page by page", async () => {
    const { send, calls } = startFunctions();
    for (const name of ["a", "b", "c"]) await send("POST /v1/default/topics", { body: JSON.stringify({ name }) });
    const names: string[] = [];
    let next = "";
    do {
      const page = await send(`GET /v1/default/topics?limit=2${next}`);
      names.push(...(page.json["topics"] as { name: string }[]).map(({ name }) => name));
      const token = page.json["nextToken"];
      next = typeof token === "string" ? `&nextToken=${encodeURIComponent(token)}` : "";
    } while (next !== "");
    expect(names).toEqual(["a", "b", "c"]);
    expect(calls.filter(({ name }) => name === "topics.list")).toHaveLength(2);
  });

  test("a write that is repeated under its idempotency key is answered as the first time", async () => {
    const { send, calls } = startFunctions();
    const create = { body: '{"name":"orders"}', headers: { "idempotency-key": "key-1" } };
    const first = await send("POST /v1/default/topics", create);
    expect(calls.at(-1)?.args[1]).toEqual({ name: "orders", idempotencyKey: "key-1" });
    expect(await send("POST /v1/default/topics", create)).toMatchObject({ status: 201, json: first.json });
  });

  test.each([
    ["POST /v1/namespaces", '{"name":', 400, "INVALID_REQUEST"],
    ["POST /v1/namespaces", '{"name":"default"}', 409, "NAMESPACE_ALREADY_EXISTS"],
    ["POST /v1/namespaces", '{"name":"a/b"}', 400, "BAD_ARGUMENTS"],
    ["POST /v1/default/topics", '{"name":"a","partitions":0}', 400, "INVALID_PARTITIONS"],
    ["POST /v1/default/topics", '{"name":"a/b"}', 400, "INVALID_TOPIC_EXCEPTION"],
    ["POST /v1/default/topics", '{"name":".."}', 400, "INVALID_TOPIC_EXCEPTION"],
    ["POST /v1/default/topics", `{"name":"${"a".repeat(250)}"}`, 400, "INVALID_TOPIC_EXCEPTION"],
    ["POST /v1/default/topics", '{"name":"orders"}', 409, "TOPIC_ALREADY_EXISTS"],
    ["POST /v1/default/topics", '{"name":"a","config":{"no.such.key":"1"}}', 400, "INVALID_CONFIG"],
    ["POST /v1/nowhere/topics", '{"name":"a"}', 404, "UNKNOWN_NAMESPACE"],
    ["PATCH /v1/default/topics/orders", '{"partitions":1}', 400, "INVALID_PARTITIONS"],
    ["PATCH /v1/default/topics/orders", undefined, 415, "UNSUPPORTED_MEDIA_TYPE"],
    ["GET /v1/default/topics/a%2Fb", undefined, 400, "INVALID_TOPIC_EXCEPTION"],
    ["GET /v1/default/topics/%2E%2E", undefined, 400, "INVALID_TOPIC_EXCEPTION"],
    [`GET /v1/default/topics/${"a".repeat(250)}`, undefined, 400, "INVALID_TOPIC_EXCEPTION"],
    ["GET /v1/default/topics/%ff", undefined, 400, "INVALID_REQUEST"],
    ["GET /v1/default/topics/unknown", undefined, 404, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["DELETE /v1/default/topics/unknown", undefined, 404, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["GET /v1/default/topics?limit=many", undefined, 400, "INVALID_REQUEST"],
    ["GET /v1/default/topics?limit=1&limit=2", undefined, 400, "INVALID_REQUEST"],
    ["GET /v1/default/topics?nextToken=!", undefined, 400, "BAD_ARGUMENTS"],
    ["GET /v1/default/topics", "{}", 400, "INVALID_REQUEST"],
    ["DELETE /v1/namespaces/unknown", undefined, 404, "UNKNOWN_NAMESPACE"],
    ["DELETE /v1/namespaces/default", undefined, 400, "BAD_ARGUMENTS"],
  ])("%s %s answers %i %s", async (request, body, status, error) => {
    const { send } = await startWithTopic();
    const answer = await send(request, body === undefined ? {} : { body });
    expect([answer.status, answer.json["error"]]).toEqual([status, error]);
    expect(errorAnswer.parse(answer.json)).toEqual(answer.json);
  });

  test("a refused field is named in the details", async () => {
    const { send } = startFunctions();
    const answer = await send("POST /v1/default/topics", { body: '{"name":"a","config":{"retention.ms":60000}}' });
    expect(answer.json["details"]).toEqual({ in: "body", field: "config.retention.ms" });
    const unknown = await send("POST /v1/default/topics", { body: '{"name":"a","replicas":3}' });
    expect(unknown.json["details"]).toEqual({ in: "body", field: "replicas" });
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
