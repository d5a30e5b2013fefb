import { describe, expect, test } from "vitest";
import { DescribeTopicCommand, HealthCommand, MiddlewareStack, StreamkeeperClient } from "../../client/index.ts";
import type { Middleware, MiddlewareStep } from "../../client/index.ts";
import { answer, refuse, ScriptedServer } from "./scripted-server.ts";

const through: Middleware = (next) => next;
const steps: readonly MiddlewareStep[] = ["deserialize", "finalizeRequest", "build", "serialize", "initialize"];

/** Notes when a request passes, and when its answer does. */
function tracer(trace: string[], name: string): Middleware {
  return (next) => async (handlerArguments) => {
    trace.push(`${name} ${handlerArguments.request === undefined ? "input" : "request"}`);
    const result = await next(handlerArguments);
    trace.push(`${name} ${result.output === undefined ? "response" : "output"}`);
    return result;
  };
}

describe("the stack", () => {
  test("orders by step, then by priority, then as added", () => {
    const stack = new MiddlewareStack();
    for (const step of steps) stack.add(through, { step, name: `${step} 1` });
    stack.add(through, { step: "build", name: "last", priority: "low" });
    stack.add(through, { step: "build", name: "build 2" });
    stack.add(through, { step: "build", name: "first", priority: "high" });
    expect(stack.identify()).toEqual([
      "initialize - initialize 1",
      "serialize - serialize 1",
      "build - first",
      "build - build 1",
      "build - build 2",
      "build - last",
      "finalizeRequest - finalizeRequest 1",
      "deserialize - deserialize 1",
    ]);
  });

  test("refuses a second middleware of the same name unless it takes the first one's place", () => {
    const stack = new MiddlewareStack();
    stack.add(through, { step: "build", name: "a" });
    expect(() => stack.add(through, { step: "initialize", name: "a" })).toThrow('already has a "a"');
    stack.add(through, { step: "initialize", name: "a", override: true });
    expect(stack.identify()).toEqual(["initialize - a"]);
  });

  test("removes by name, and says whether there was one", () => {
    const stack = new MiddlewareStack();
    stack.add(through, { step: "build", name: "a" });
    expect(stack.remove("a")).toBe(true);
    expect(stack.remove("a")).toBe(false);
    expect(stack.identify()).toEqual([]);
  });
});

describe("the client's stack", () => {
  test("passes a request through the steps in order, and the answer backwards", async () => {
    await using server = await ScriptedServer.start(answer(200, { status: "ok" }));
    using client = new StreamkeeperClient({ endpoint: server.endpoint });
    const trace: string[] = [];
    for (const step of steps) client.middlewareStack.add(tracer(trace, step), { step, name: step });
    const raw = { step: "deserialize", name: "raw", priority: "low" } as const;
    client.middlewareStack.add(tracer(trace, "raw"), raw);
    await client.send(new HealthCommand());
    expect(trace).toEqual([
      "initialize input",
      "serialize input",
      "build request",
      "finalizeRequest request",
      "deserialize request",
      "raw request",
      "raw response",
      "deserialize output",
      "finalizeRequest output",
      "build output",
      "serialize output",
      "initialize output",
    ]);
  });

  test("runs what stands behind the retries once per attempt", async () => {
    const unavailable = refuse(503, "KAFKA_STORAGE_ERROR", { retriable: true });
    await using server = await ScriptedServer.start([unavailable, answer(200, { status: "ok" })]);
    using client = new StreamkeeperClient({ endpoint: server.endpoint });
    const trace: string[] = [];
    client.middlewareStack.add(tracer(trace, "build"), { step: "build", name: "one" });
    client.middlewareStack.add(tracer(trace, "attempt"), { step: "finalizeRequest", name: "two" });
    await client.send(new HealthCommand());
    expect(trace).toEqual(["build request", "attempt request", "attempt request", "attempt output", "build output"]);
  });

  test("lets a middleware change the input and the request, and know the command", async () => {
    await using server = await ScriptedServer.start(answer(200, {}));
    using client = new StreamkeeperClient({ endpoint: server.endpoint });
    const prefix: Middleware = (next, context) => (handlerArguments) => {
      expect(context).toMatchObject({ commandName: "DescribeTopicCommand", repeat: "read", maxAttempts: 3 });
      return next({ ...handlerArguments, input: { ...handlerArguments.input, topic: "team.orders" } });
    };
    const tag: Middleware = (next) => (handlerArguments) => {
      const { request } = handlerArguments;
      if (request === undefined) throw new TypeError("no request yet");
      return next({ ...handlerArguments, request: { ...request, headers: { ...request.headers, "x-tag": "1" } } });
    };
    client.middlewareStack.add(prefix, { step: "initialize", name: "prefix" });
    client.middlewareStack.add(tag, { step: "build", name: "tag" });
    await client.send(new DescribeTopicCommand({ topic: "orders" }));
    expect(server.seen[0]?.url).toBe("/v1/default/topics/team.orders");
    expect(server.seen[0]?.headers["x-tag"]).toBe("1");
  });

  test("may answer without asking the service", async () => {
    using client = new StreamkeeperClient({ endpoint: "http://127.0.0.1:1" });
    const body = new TextEncoder().encode('{"status":"ok"}');
    const cached: Middleware = () => () => Promise.resolve({ response: { statusCode: 200, headers: {}, body } });
    client.middlewareStack.add(cached, { step: "deserialize", name: "cached", priority: "low" });
    await expect(client.send(new HealthCommand())).resolves.toMatchObject({ status: "ok" });
  });
});
