import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import {
  CreateTopicCommand,
  DescribeTopicCommand,
  FetchCommand,
  HealthCommand,
  NoAnswerException,
  ProduceCommand,
  ProduceToPartitionCommand,
  StreamkeeperClient,
  StreamkeeperServiceException,
  TruncateCommand,
} from "../../client/index.ts";
import type { StreamkeeperClientOptions } from "../../client/index.ts";
import { answer, hangUp, never, refuse, ScriptedServer } from "./scripted-server.ts";
import type { Step } from "./scripted-server.ts";

const records = [{ key: "k", value: "v" }];
const produced = answer(200, { results: [{ partition: 0, offset: 7, timestamp: 1 }] });
const topic = { name: "t", topicId: "id", partitions: 1, config: {}, createdAtMs: 1 };

async function scripted(steps: readonly Step[] | Step, options: Partial<StreamkeeperClientOptions> = {}) {
  const server = await ScriptedServer.start(steps);
  const client = new StreamkeeperClient({ endpoint: server.endpoint, ...options });
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function failure(promise: Promise<unknown>): Promise<StreamkeeperServiceException | NoAnswerException> {
  const error: unknown = await promise.then(
    () => new Error("it succeeded"),
    (reason: unknown) => reason,
  );
  if (error instanceof StreamkeeperServiceException || error instanceof NoAnswerException) return error;
  throw error;
}

describe("a call", () => {
  test("answers the output with what is known of the request", async () => {
    await using s = await scripted([answer(200, topic, { "x-request-id": "r-9" })]);
    const output = await s.client.send(new DescribeTopicCommand({ topic: "a b" }));
    expect(output).toMatchObject(topic);
    expect(output.$metadata).toEqual({ attempts: 1, httpStatusCode: 200, requestId: "r-9", totalRetryDelayMs: 0 });
    expect(s.server.seen[0]?.url).toBe("/v1/default/topics/a%20b");
  });

  test("goes below the endpoint's path, in the client's namespace unless the command names one", async () => {
    const server = await ScriptedServer.start(answer(200, topic));
    await using _ = server;
    using client = new StreamkeeperClient({ endpoint: `${server.endpoint}/prod/`, namespace: "blue" });
    await client.send(new DescribeTopicCommand({ topic: "t" }));
    await client.send(new DescribeTopicCommand({ namespace: "red", topic: "t" }));
    expect(server.seen.map((seen) => seen.url)).toEqual(["/prod/v1/blue/topics/t", "/prod/v1/red/topics/t"]);
  });

  test("carries text as it is and bytes as base64, both ways", async () => {
    const fetched = { offset: 0, timestamp: 1, key: { base64: "3q2+7w==" }, value: "text", headers: [] };
    const watermarks = { nextOffset: 1, highWatermark: 1, lastStableOffset: 1, logStartOffset: 0 };
    await using s = await scripted([produced, answer(200, { records: [fetched], ...watermarks })]);
    const bytes = Uint8Array.of(0xde, 0xad, 0xbe, 0xef);
    await s.client.send(
      new ProduceCommand({ topic: "t", records: [{ key: bytes, value: "text", headers: { h: null } }] }),
    );
    expect(JSON.parse(s.server.seen[0]?.body.toString() ?? "")).toEqual({
      records: [{ key: { base64: "3q2+7w==" }, value: "text", headers: [{ key: "h", value: null }] }],
    });
    const output = await s.client.send(new FetchCommand({ topic: "t", partition: 0, offset: 0, waitMs: 5 }));
    expect(s.server.seen[1]?.url).toBe("/v1/default/topics/t/partitions/0/records?offset=0&waitMs=5");
    expect(output.records[0]?.value).toBe("text");
    expect(output.records[0]?.key).toEqual(Buffer.from(bytes));
  });

  test("rejects with the service's own error name and the facts to recover", async () => {
    const details = { logStartOffset: 5, highWatermark: 9 };
    await using s = await scripted([refuse(416, "OFFSET_OUT_OF_RANGE", { details })]);
    const error = await failure(s.client.send(new FetchCommand({ topic: "t", partition: 0, offset: 99 })));
    expect(error).toMatchObject({ name: "OFFSET_OUT_OF_RANGE", $fault: "client", retriable: false, details });
    expect(error.$metadata).toMatchObject({ httpStatusCode: 416, requestId: "r-1", attempts: 1 });
    expect(error.hasNoSideEffects()).toBe(true);
  });

  test("names what a gateway refuses as the gateway does", async () => {
    const headers = { "x-amzn-errortype": "ForbiddenException:http://x", "apigw-requestid": "g-1" };
    await using s = await scripted([answer(403, { message: "Forbidden" }, headers)]);
    const error = await failure(s.client.send(new HealthCommand()));
    expect(error).toMatchObject({ name: "ForbiddenException", message: "Forbidden", retriable: false });
    expect(error.$metadata.requestId).toBe("g-1");
  });

  test("does not take an answer that is no JSON for an output", async () => {
    await using s = await scripted([(response) => void response.writeHead(200).end("<html>")]);
    const error = await failure(s.client.send(new ProduceCommand({ topic: "t", records })));
    expect(error).toMatchObject({ name: "MalformedResponseError", effect: "unknown", retriable: false });
  });

  test.each([
    ["with a length", { "content-length": "2000" }],
    ["without a length", { "transfer-encoding": "chunked" }],
  ])("stops reading an answer %s above the largest that is taken", async (_, headers) => {
    const large: Step = (response) => void response.writeHead(200, headers).end(Buffer.alloc(2000));
    await using s = await scripted([large], { responseBytesMax: 1999 });
    const error = await failure(s.client.send(new HealthCommand()));
    expect(error).toMatchObject({ name: "ResponseTooLargeError" });
  });

  test("stops at the announcement of too large an answer, and leaves the connection", async () => {
    const closed = Promise.withResolvers<string>();
    const announced: Step = (response) => {
      response.on("close", () => closed.resolve("closed"));
      response.writeHead(200, { "content-length": "100000000" });
      response.write("x");
    };
    await using s = await scripted([announced], { responseBytesMax: 1_000 });
    const error = await failure(s.client.send(new HealthCommand()));
    expect(error).toMatchObject({ name: "ResponseTooLargeError" });
    expect(await closed.promise).toBe("closed");
  });

  test("does not take half an answer for a whole one", async () => {
    const half: Step = (response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("x".repeat(500), () => response.socket?.end());
    };
    await using s = await scripted([half], { maxAttempts: 1 });
    const error = await failure(s.client.send(new ProduceCommand({ topic: "t", records })));
    expect(error).toMatchObject({ name: "ConnectionLostError", effect: "unknown" });
  });

  test("keeps its connection for the next call", async () => {
    const ports = new Set<number | undefined>();
    const step: Step = (response, request) => {
      ports.add(response.socket?.remotePort);
      return answer(200, { status: "ok" })(response, request);
    };
    await using s = await scripted(step);
    for (let index = 0; index < 3; index += 1) await s.client.send(new HealthCommand());
    expect(ports.size).toBe(1);
  });
});

describe("a retry", () => {
  test("sends a write again that was not answered, under the same idempotency key", async () => {
    await using s = await scripted([hangUp, refuse(503, "KAFKA_STORAGE_ERROR", { retriable: true }), produced]);
    const output = await s.client.send(new ProduceCommand({ topic: "t", records }));
    expect(output.results).toEqual([{ partition: 0, offset: 7, timestamp: 1 }]);
    expect(output.$metadata.attempts).toBe(3);
    const keys = s.server.seen.map((seen) => seen.headers["idempotency-key"]);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(keys).size).toBe(1);
    expect(new Set(s.server.seen.map((seen) => seen.body.toString())).size).toBe(1);
  });

  test("gives each call its own idempotency key, and keeps the caller's", async () => {
    await using s = await scripted(produced);
    await s.client.send(new ProduceCommand({ topic: "t", records }));
    await s.client.send(new ProduceCommand({ topic: "t", records }));
    await s.client.send(new ProduceCommand({ topic: "t", records, idempotencyKey: "mine" }));
    const keys = s.server.seen.map((seen) => seen.headers["idempotency-key"]);
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe("mine");
  });

  test("is not made for a write without a key whose outcome is unknown", async () => {
    await using s = await scripted([hangUp, produced]);
    s.client.middlewareStack.remove("idempotencyKey");
    const error = await failure(s.client.send(new ProduceCommand({ topic: "t", records })));
    expect(error).toMatchObject({ name: "ConnectionLostError", effect: "unknown" });
    expect(s.server.seen).toHaveLength(1);
  });

  test("is made for a write without a key that certainly had no effect", async () => {
    await using s = await scripted([refuse(503, "KAFKA_STORAGE_ERROR", { retriable: true }), produced]);
    s.client.middlewareStack.remove("idempotencyKey");
    const output = await s.client.send(new ProduceCommand({ topic: "t", records }));
    expect(output.$metadata.attempts).toBe(2);
  });

  test("is made for an unknown outcome of a producer with a sequence, key or not", async () => {
    await using s = await scripted([refuse(504, "REQUEST_TIMED_OUT", { retriable: true }), produced]);
    s.client.middlewareStack.remove("idempotencyKey");
    const producer = { producerId: 2n ** 62n, producerEpoch: 0, baseSequence: 3 };
    await s.client.send(new ProduceToPartitionCommand({ topic: "t", partition: 0, records, producer }));
    const bodies = s.server.seen.map((seen) => JSON.parse(seen.body.toString()) as object);
    expect(bodies[1]).toMatchObject({ producerId: "4611686018427387904", producerEpoch: 0, baseSequence: 3 });
  });

  test("is not made for a truncation of everything, which would take what came meanwhile", async () => {
    await using s = await scripted([hangUp, answer(200, { logStartOffset: 5 })]);
    const error = await failure(s.client.send(new TruncateCommand({ topic: "t", partition: 0, beforeOffset: -1 })));
    expect(error.hasNoSideEffects()).toBe(false);
    expect(s.server.seen).toHaveLength(1);
  });

  test("that finds another version says that the first attempt may have made it", async () => {
    const details = { highWatermark: 8 };
    await using s = await scripted([hangUp, refuse(409, "BAD_VERSION", { details })]);
    const command = new ProduceToPartitionCommand({ topic: "t", partition: 0, records, expectedOffset: 7 });
    const error = await failure(s.client.send(command));
    expect(error).toMatchObject({ name: "BAD_VERSION", details, effect: "unknown" });
    expect(error.$metadata.attempts).toBe(2);
  });

  test("that finds another version after a refusal without effect is a plain refusal", async () => {
    const unavailable = refuse(503, "KAFKA_STORAGE_ERROR", { retriable: true });
    await using s = await scripted([unavailable, refuse(409, "BAD_VERSION")]);
    const command = new ProduceToPartitionCommand({ topic: "t", partition: 0, records, expectedOffset: 7 });
    const error = await failure(s.client.send(command));
    expect(error.hasNoSideEffects()).toBe(true);
  });

  test("ends after the attempts that are allowed, and names the last failure", async () => {
    await using s = await scripted(refuse(503, "KAFKA_STORAGE_ERROR", { retriable: true }), { maxAttempts: 4 });
    const error = await failure(s.client.send(new HealthCommand()));
    expect(error).toMatchObject({ name: "KAFKA_STORAGE_ERROR", retriable: true });
    expect(error.$metadata.attempts).toBe(4);
    expect(error.$metadata.totalRetryDelayMs).toBeLessThan(50 + 100 + 200);
    expect(s.server.seen).toHaveLength(4);
  });

  test("does not ask again for a topic that is not there", async () => {
    await using s = await scripted([refuse(404, "UNKNOWN_TOPIC_OR_PARTITION", { retriable: true })]);
    const error = await failure(s.client.send(new DescribeTopicCommand({ topic: "t" })));
    expect(error).toMatchObject({ retriable: true });
    expect(s.server.seen).toHaveLength(1);
  });

  test.each([
    [503, "Service Unavailable", "REQUEST_TIMED_OUT", "unknown", 2],
    [504, "Endpoint request timed out", "REQUEST_TIMED_OUT", "unknown", 2],
    [502, "Internal Server Error", "HTTP_502", "unknown", 2],
    [429, "Too Many Requests", "THROTTLING_QUOTA_EXCEEDED", "none", 2],
    [413, "Request Entity Too Large", "MESSAGE_TOO_LARGE", "none", 1],
  ])("takes a gateway's %i (%s) for %s, with effect %s", async (status, message, name, effect, requests) => {
    await using s = await scripted(answer(status, { message }), { maxAttempts: 2 });
    const error = await failure(s.client.send(new CreateTopicCommand({ name: "t" })));
    expect(error).toMatchObject({ name, message, effect, retriable: requests === 2 });
    expect(s.server.seen).toHaveLength(requests);
  });

  test.each([503, 504, 502])("does not send records again that a gateway's %i may stand for", async (status) => {
    await using s = await scripted(answer(status, { message: "x" }));
    s.client.middlewareStack.remove("idempotencyKey");
    const error = await failure(s.client.send(new ProduceCommand({ topic: "t", records })));
    expect(error).toMatchObject({ effect: "unknown" });
    expect(s.server.seen).toHaveLength(1);
  });

  test("waits for as long as the service asks", async () => {
    const throttled = refuse(429, "THROTTLING_QUOTA_EXCEEDED", { retriable: true, headers: { "retry-after": "0.3" } });
    await using s = await scripted([throttled, produced]);
    const output = await s.client.send(new ProduceCommand({ topic: "t", records }));
    expect(output.$metadata.totalRetryDelayMs).toBeGreaterThanOrEqual(300);
  });

  test("of a connection that cannot be made has no side effects", async () => {
    const port = await closedPort();
    using client = new StreamkeeperClient({ endpoint: `http://127.0.0.1:${port}`, maxAttempts: 2 });
    const error = await failure(client.send(new ProduceCommand({ topic: "t", records })));
    expect(error).toMatchObject({ name: "ConnectionError", effect: "none", retriable: true });
    expect(error.message).toContain("ECONNREFUSED");
    expect(error.$metadata.attempts).toBe(2);
  });
});

describe("a time limit", () => {
  test("ends an attempt that is not answered, and says that it may have had an effect", async () => {
    await using s = await scripted(never, { requestTimeoutMs: 250, maxAttempts: 1 });
    const error = await failure(s.client.send(new ProduceCommand({ topic: "t", records })));
    expect(error).toMatchObject({ name: "TimeoutError", effect: "unknown" });
  });

  test("leaves a long poll the time that it asked for", async () => {
    const watermarks = { nextOffset: 0, highWatermark: 0, lastStableOffset: 0, logStartOffset: 0 };
    const late: Step = (response, request) => {
      setTimeout(() => void answer(200, { records: [], ...watermarks })(response, request), 150);
    };
    await using s = await scripted([late], { requestTimeoutMs: 60, maxAttempts: 1 });
    const command = new FetchCommand({ topic: "t", partition: 0, waitMs: 500 });
    await expect(s.client.send(command)).resolves.toMatchObject({ records: [] });
  });

  test("counts the time in which the answer trickles in", async () => {
    const trickle: Step = (response) => {
      response.writeHead(200, { "content-length": "1000" });
      const timer = setInterval(() => response.write("x"), 10);
      response.on("close", () => clearInterval(timer));
    };
    await using s = await scripted([trickle], { requestTimeoutMs: 100, maxAttempts: 1 });
    const error = await failure(s.client.send(new HealthCommand()));
    expect(error).toMatchObject({ name: "TimeoutError", effect: "none" });
  });
});

describe("an abort", () => {
  test("ends a call under way at once", async () => {
    const controller = new AbortController();
    await using s = await scripted(() => controller.abort(new Error("enough")));
    const call = s.client.send(new ProduceCommand({ topic: "t", records }), { abortSignal: controller.signal });
    const error = await failure(call);
    expect(error).toMatchObject({ name: "AbortError", effect: "unknown", $fault: "client" });
    expect(error.cause).toEqual(new Error("enough"));
    expect(s.server.seen).toHaveLength(1);
  });

  test("before the call sends nothing", async () => {
    await using s = await scripted(produced);
    const call = s.client.send(new ProduceCommand({ topic: "t", records }), { abortSignal: AbortSignal.abort() });
    const error = await failure(call);
    expect(error).toMatchObject({ name: "AbortError", effect: "none" });
    expect(s.server.seen).toHaveLength(0);
  });

  test("ends a back-off", async () => {
    const controller = new AbortController();
    const throttled = refuse(429, "THROTTLING_QUOTA_EXCEEDED", { retriable: true, headers: { "retry-after": "4" } });
    const throttledThenAborted: Step = (response, request) => {
      setTimeout(() => controller.abort(), 200);
      return throttled(response, request);
    };
    await using s = await scripted([throttledThenAborted, produced]);
    const call = s.client.send(new ProduceCommand({ topic: "t", records }), { abortSignal: controller.signal });
    const error = await failure(call);
    expect(error).toMatchObject({ name: "AbortError", effect: "none" });
    expect(s.server.seen).toHaveLength(1);
  });
});

describe("the options", () => {
  test.each([
    [{ endpoint: "127.0.0.1:8080" }, "http or https"],
    [{ endpoint: "http://127.0.0.1/?x=1" }, "no query"],
    [{ endpoint: "http://127.0.0.1", maxAttempts: 0 }, "maxAttempts"],
    [{ endpoint: "http://127.0.0.1", credentials: { accessKeyId: "a", secretAccessKey: "b" } }, "region"],
  ])("%o is refused", (options, message) => {
    expect(() => new StreamkeeperClient(options)).toThrow(message);
  });

  test("region and service come from the endpoint's host", () => {
    const credentials = { accessKeyId: "a", secretAccessKey: "b" };
    const of = (endpoint: string) => new StreamkeeperClient({ endpoint, credentials }).configuration.endpoint.signing;
    const api = of("https://abc.execute-api.eu-west-1.amazonaws.com/prod");
    expect(api).toMatchObject({ region: "eu-west-1", service: "execute-api" });
    expect(of("https://abc.lambda-url.us-east-2.on.aws")).toMatchObject({ region: "us-east-2", service: "lambda" });
  });
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => {
    server.close(resolve);
  });
  if (address === null || typeof address === "string") throw new TypeError("no port");
  return address.port;
}
