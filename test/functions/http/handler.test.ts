import { describe, expect, test } from "vitest";
import { ServiceError } from "../../../shared/api/errors.ts";
import { orders, records, startFunctions, startWithTopic } from "../start-functions.ts";

const one = '{"records":[{"value":"v"}]}';

describe("routes", () => {
  test("that are unknown are NOT_FOUND", async () => {
    const { send } = startFunctions();
    for (const path of ["/", "/v1", "/v2/default/topics", "/v1/default/topics/", "/v1/default/topics/t/segments"]) {
      expect([path, (await send(`GET ${path}`)).json["error"]]).toEqual([path, "NOT_FOUND"]);
    }
  });

  test("with the wrong method are answered with those that are right", async () => {
    const { send } = startFunctions();
    const wrong = await send(`POST ${orders}`, { body: "{}" });
    expect([wrong.status, wrong.headers["allow"]]).toEqual([405, "GET, PATCH, DELETE, HEAD, OPTIONS"]);
    const asked = await send(`OPTIONS ${orders}`);
    expect([asked.status, asked.headers["allow"]]).toEqual([204, "GET, PATCH, DELETE, HEAD, OPTIONS"]);
  });

  test("are answered with the request's id, in a header and in errors", async () => {
    const { send } = startFunctions();
    const failed = await send("GET /nowhere");
    expect([failed.headers["x-request-id"], failed.json["requestId"]]).toEqual(["request-1", "request-1"]);
    expect((await send("GET /health")).headers["x-request-id"]).toBe("request-1");
  });
});

describe("a path", () => {
  const name = { body: "{}", headers: { "content-type": "application/json" } };
  const pathOf = async (target: string, routeKey?: string): Promise<unknown> => {
    const { send } = startFunctions();
    const { json } = await send(`POST /v1/default/znodes/${target}`, {
      ...name,
      ...(routeKey === undefined ? {} : { routeKey }),
    });
    return json["path"] ?? json["error"];
  };

  test("is decoded where it comes from a function URL", async () => {
    expect(await pathOf("100%25%20gr%C3%BCn")).toBe("/100% grün");
    expect(await pathOf("%2541")).toBe("/%41");
    expect(await pathOf("a%2Fb")).toBe("BAD_ARGUMENTS");
    expect(await pathOf("100%")).toBe("INVALID_REQUEST");
  });

  test("that API Gateway has decoded is not decoded again", async () => {
    expect(await pathOf("grün+41", "POST /v1/{namespace}/znodes/{path+}")).toBe("/grün+41");
  });

  // It decodes twice and cuts at a question mark: `100%` may have been asked for, or authorized, as something else.
  test.each(["100%", "%41", "a%2Fb", "a?b"])(
    "that API Gateway may have made of another one is refused: %s",
    async (path) => {
      const { send } = startFunctions();
      const routeKey = "POST /v1/{namespace}/znodes/{path+}";
      const { status, json } = await send("POST /", { ...name, routeKey, rawPath: `/v1/default/znodes/${path}` });
      expect([status, json["error"]]).toEqual([400, "BAD_ARGUMENTS"]);
    },
  );

  test("that leads elsewhere than to the route that API Gateway found is refused", async () => {
    const { send } = startFunctions();
    // `DELETE .../groups/g/members/x%3F` is one of a member, and cut at its question mark one of the group's.
    const routeKey = "DELETE /v1/{namespace}/groups/{group}/members/{member}";
    expect(await send("DELETE /v1/default/groups/g", { routeKey })).toMatchObject({
      status: 404,
      json: { error: "NOT_FOUND" },
    });
    const own = await send("DELETE /v1/default/groups/g", { routeKey: "DELETE /v1/{namespace}/groups/{group}" });
    expect(own.json["error"]).toBe("GROUP_ID_NOT_FOUND");
  });
});

describe("what is logged", () => {
  test("of a request under a session has neither its password nor a user's", async () => {
    const { send, failNext, logged } = startFunctions();
    const opened = await send("POST /v1/default/sessions");
    const { sessionId, password } = opened.json as Record<string, string>;
    const user = Buffer.from("ann:secret").toString("base64");
    failNext("sessions.heartbeat", new Error("bug"));
    const headers = {
      "x-streamkeeper-session": `${sessionId}:${password}`,
      "x-streamkeeper-auth": `digest ${user}`,
    };
    expect((await send(`POST /v1/default/sessions/${sessionId}/heartbeat`, { headers })).status).toBe(500);
    expect(logged).toHaveLength(1);
    const written = JSON.stringify(logged);
    for (const secret of [password ?? "", user, "secret"]) expect(written).not.toContain(secret);
  });
});

describe("failures", () => {
  test("that nobody foresaw tell the caller nothing but the request's id, and the log everything", async () => {
    const { send, failNext, logged } = startFunctions();
    failNext("health.check", new Error("secret table name", { cause: new TypeError("deeper") }));
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
    const { send, failNext, logged } = await startWithTopic();
    failNext("produce.produceRecords", new Error("bug"));
    expect((await send(`POST ${records}`, { body: one })).json["details"]).toEqual({ effect: "unknown" });
    failNext("produce.produceRecords", new ServiceError("REQUEST_TIMED_OUT", "no answer", { effect: "unknown" }));
    const answer = await send(`POST ${records}`, { body: one });
    expect([answer.status, answer.json["details"]]).toEqual([504, { effect: "unknown" }]);
    expect(logged).toHaveLength(2);
  });

  test("that a caller caused leave no line in the log", async () => {
    const { send, logged } = await startWithTopic();
    await send(`POST ${records}`, { body: "{" });
    await send("GET /nowhere");
    expect(logged).toEqual([]);
  });

  test("of a service that asks to slow down say when to try again", async () => {
    const { send, failNext } = await startWithTopic();
    failNext("produce.produceRecords", new ServiceError("THROTTLING_QUOTA_EXCEEDED", "slow down"));
    const answer = await send(`POST ${records}`, { body: one });
    expect([answer.status, answer.headers["retry-after"]]).toEqual([429, "1"]);
  });

  test("an operation that outlasts the function is answered before it ends", async () => {
    const { send, replace } = await startWithTopic();
    replace("fetch.listOffset", async () => new Promise(() => {}));
    const read = await send(`GET ${orders}/partitions/0/offsets?at=latest`, { remainingMs: 520 });
    expect([read.status, read.json["error"], read.json["details"]]).toEqual([504, "REQUEST_TIMED_OUT", {}]);
    replace("produce.produceRecords", async () => new Promise(() => {}));
    const write = await send(`POST ${records}`, { body: one, remainingMs: 520 });
    expect([write.status, write.json["details"]]).toEqual([504, { effect: "unknown" }]);
  });
});
