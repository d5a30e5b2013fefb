import { connect } from "node:net";
import type { Socket } from "node:net";
import { request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { startServer } from "../../local/server.ts";
import type { RunningServer } from "../../local/server.ts";
import { localBodyBytesInFlightMax, requestBodyBytesMax } from "../../shared/limits.ts";
import type { FetchRequest } from "../../shared/services/services.ts";
import { observedServices } from "../functions/observed-services.ts";
import { batchOf } from "../functions/start-functions.ts";

const batchType = "application/vnd.kafka.record-batch.v2";
const open: RunningServer[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (server) => server.close()));
});

async function start() {
  const observed = observedServices();
  const { services, calls } = observed;
  await services.topics.create("default", { name: "orders", partitions: 2 });
  calls.length = 0;
  const logged: string[] = [];
  const server = await startServer({
    services,
    host: "127.0.0.1",
    port: 0,
    log: (_level, event, fields) => logged.push(`${event} ${JSON.stringify(fields)}`),
  });
  open.push(server);
  return { ...observed, server, logged, records: `${server.url}/v1/default/topics/orders/partitions/0/records` };
}

/** One answer, with the first bytes of its body. */
const wholeAnswer = /^HTTP\/1\.1 \d+[^]*\r\n\r\n[^]/;

/** Sends bytes as they are and resolves with what came back when that matches, or the connection or `msMax` is over. */
async function exchange(server: RunningServer, text: string, until = wholeAnswer, msMax = 5_000): Promise<string> {
  const socket = await connection(server);
  const { promise, resolve } = Promise.withResolvers<void>();
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString("latin1");
    if (until.test(answer)) resolve();
  });
  socket.once("close", () => resolve());
  socket.write(text);
  const timeout = setTimeout(resolve, msMax);
  await promise;
  clearTimeout(timeout);
  socket.destroy();
  return answer;
}

async function connection(server: RunningServer): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
  return socket;
}

describe("the local server", () => {
  test("produces and fetches JSON", async () => {
    const { records } = await start();
    const produced = await fetch(records, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ records: [{ key: "k", value: "grüße" }] }),
    });
    expect([produced.status, await produced.json()]).toEqual([
      200,
      { results: [{ partition: 0, offset: 0, timestamp: expect.any(Number) }] },
    ]);
    expect(produced.headers.get("x-request-id")).toMatch(/^[\w-]{12}-1$/);
    const fetched = await fetch(`${records}?offset=earliest`);
    expect(await fetched.json()).toMatchObject({ records: [{ offset: 0, key: "k", value: "grüße" }], nextOffset: 1 });
  });

  test("carries a megabyte of record batches both ways unchanged, with and without a known length", async () => {
    const { records, calls } = await start();
    const bytes = Buffer.from(batchOf("0123456789abcdefg".repeat(61_600)));
    const send = async (body: Exclude<RequestInit["body"], undefined>) =>
      fetch(records, { method: "POST", headers: { "content-type": batchType }, body, duplex: "half" });
    for (const [offset, body] of [bytes, new Blob([bytes]).stream()].entries()) {
      expect((await send(body)).status).toBe(200);
      const answer = await fetch(`${records}?offset=${offset}`, { headers: { accept: batchType } });
      expect(answer.headers.get("content-type")).toBe(batchType);
      // All but the base offset and the leader epoch, which a broker writes.
      expect(
        Buffer.from(await answer.arrayBuffer())
          .subarray(16)
          .equals(bytes.subarray(16)),
      ).toBe(true);
    }
    expect(calls.filter(({ name }) => name === "produce.produceBatches")).toHaveLength(2);
  });

  test("sends several batches one after the other", async () => {
    const { records, replace } = await start();
    const watermarks = { nextOffset: 3, highWatermark: 3, lastStableOffset: 3, logStartOffset: 0 };
    replace("fetch.fetchBatches", async () => ({ batches: [Uint8Array.of(1, 2), Uint8Array.of(3)], ...watermarks }));
    const answer = await fetch(`${records}?offset=0`, { headers: { accept: batchType } });
    expect(answer.headers.get("content-length")).toBe("3");
    expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([1, 2, 3]);
  });

  test("answers HEAD without a body, OPTIONS with the methods and DELETE with nothing", async () => {
    const { server } = await start();
    const head = await fetch(`${server.url}/health`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "30", ""]);
    const options = await fetch(`${server.url}/v1/default/topics`, { method: "OPTIONS" });
    expect([options.status, options.headers.get("allow")]).toEqual([204, "POST, GET, HEAD, OPTIONS"]);
    const deleted = await fetch(`${server.url}/v1/default/topics/orders`, { method: "DELETE" });
    expect([deleted.status, await deleted.text()]).toEqual([204, ""]);
  });

  test("keeps a connection for the next request, after errors as well", async () => {
    const { server } = await start();
    const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const answer = await exchange(server, get("/health") + get("/nowhere") + get("/health"), /(HTTP[^]*){3}/);
    expect(answer.match(/HTTP\/1\.1 (\d+)/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 404", "HTTP/1.1 200"]);
  });
});

describe("what the local server refuses", () => {
  test("a body that announces more than the limit, before it is sent", async () => {
    const { server, calls } = await start();
    const head = `POST /v1/default/topics/orders/partitions/0/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${batchType}\r\nContent-Length: ${requestBodyBytesMax + 1}\r\n`;
    for (const text of [`${head}\r\n`, `${head}Expect: 100-continue\r\n\r\n`]) {
      const answer = await exchange(server, text);
      expect(answer).toMatch(/^HTTP\/1\.1 413 /);
      expect(answer).toContain('"error":"MESSAGE_TOO_LARGE"');
      expect(answer).toContain(`"details":{"bytesMax":${requestBodyBytesMax}}`);
    }
    expect(calls).toEqual([]);
  });

  test("a body without a length that grows beyond the limit", async () => {
    const { records, calls } = await start();
    const chunk = new Uint8Array(1_048_576);
    let chunks = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => (chunks++ < 11 ? controller.enqueue(chunk) : controller.close()),
    });
    const answer = await fetch(records, {
      method: "POST",
      headers: { "content-type": batchType },
      body,
      duplex: "half",
    });
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([413, "MESSAGE_TOO_LARGE"]);
    expect(calls).toEqual([]);
  });

  test("a body of the largest size is taken, and told to go on where the client waits for that", async () => {
    const { server, calls, replace } = await start();
    replace("produce.produceBatches", async () => ({ baseOffset: 0, appendedAtMs: 0 }));
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const request = httpRequest(`${server.url}/v1/default/topics/orders/partitions/0/records`, {
      method: "POST",
      headers: { "content-type": batchType, "content-length": requestBodyBytesMax, expect: "100-continue" },
    });
    request.on("continue", () => request.end(Buffer.alloc(requestBodyBytesMax)));
    request.on("response", (response) => resolve(response.resume().statusCode ?? 0));
    request.on("error", reject);
    request.flushHeaders();
    expect(await promise).toBe(200);
    expect(calls.map(({ name }) => name)).toEqual(["produce.produceBatches"]);
  });

  test.each([
    ["what is not HTTP", "HELLO\r\n\r\n", 400],
    [
      "a broken chunk",
      "POST /v1/namespaces HTTP/1.1\r\nHost: a.localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      400,
    ],
    ["two lengths", "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400],
    ["headers without an end", `GET /health HTTP/1.1\r\nX: ${"a".repeat(20_000)}\r\n\r\n`, 431],
    ["a name that is not this machine's", "GET /health HTTP/1.1\r\nHost: rebound.example\r\n\r\n", 400],
    ["no name", "GET /health HTTP/1.1\r\n\r\n", 400],
  ])("%s", async (_title, text, status) => {
    const { server, logged, calls } = await start();
    expect(await exchange(server, text)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect([logged, calls]).toEqual([[], []]);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });
});

test("a page of another machine is refused, also for a request that needs no leave", async () => {
  const { server, calls } = await start();
  for (const origin of [
    "https://evil.example",
    "http://localhost.evil.example:8080",
    "http://127.0.0.1@evil.example",
    "null",
  ]) {
    const answer = await fetch(`${server.url}/v1/default/znodes/a`, { method: "POST", headers: { origin } });
    expect([origin, answer.status, await answer.json()]).toMatchObject([
      origin,
      400,
      { error: "INVALID_REQUEST", details: { in: "header", field: "origin" } },
    ]);
  }
  expect(calls).toEqual([]);
});

test("a page of this machine is not refused", async () => {
  const { server } = await start();
  for (const origin of ["http://localhost:3000", "http://127.0.0.1", "https://a.localhost", "http://[::1]:8080"]) {
    expect([origin, (await fetch(`${server.url}/health`, { headers: { origin } })).status]).toEqual([origin, 200]);
  }
});

describe("a client that hangs up", () => {
  test("in the middle of its body leaves nothing done", async () => {
    const { server, calls, logged } = await start();
    const socket = await connection(server);
    socket.write(
      `POST /v1/default/topics/orders/partitions/0/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${batchType}\r\nContent-Length: 1000\r\n\r\n${"a".repeat(999)}`,
    );
    await sleep(50);
    socket.destroy();
    const chunked = await connection(server);
    chunked.write(
      `POST /v1/default/topics/orders/partitions/0/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${batchType}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`,
    );
    await sleep(50);
    chunked.destroy();
    await sleep(50);
    expect(calls).toEqual([]);
    expect(logged).toEqual([]);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });

  test("gives back what was set aside for its body", async () => {
    const { server, records, replace } = await start();
    replace("produce.produceBatches", async () => ({ baseOffset: 0, appendedAtMs: 0 }));
    const head = `POST /v1/default/topics/orders/partitions/0/records HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${batchType}\r\nContent-Length: ${requestBodyBytesMax}\r\n\r\n`;
    const many = Math.floor(localBodyBytesInFlightMax / requestBodyBytesMax);
    const sockets = await Promise.all(Array.from({ length: many }, async () => connection(server)));
    for (const socket of sockets) socket.write(head);
    const refused = /^HTTP\/1\.1 429 [^]*"error":"THROTTLING_QUOTA_EXCEEDED"/;
    await expect.poll(async () => exchange(server, head, refused, 200), { timeout: 10_000 }).toMatch(refused);
    for (const socket of sockets) socket.destroy();
    const body = Buffer.alloc(requestBodyBytesMax);
    const send = async () => fetch(records, { method: "POST", headers: { "content-type": batchType }, body });
    await expect.poll(async () => (await send()).status).toBe(200);
  });

  test("during a long poll ends the poll", async () => {
    const { records, replace } = await start();
    const { promise: aborted, resolve } = Promise.withResolvers<unknown>();
    const { promise: polling, resolve: polls } = Promise.withResolvers<void>();
    replace("fetch.fetchRecords", async ({ signal }: FetchRequest) => {
      polls();
      return new Promise((_, reject) => {
        signal?.addEventListener("abort", () => {
          resolve(signal.reason);
          reject(signal.reason as Error);
        });
      });
    });
    const controller = new AbortController();
    const poll = fetch(`${records}?offset=0&waitMs=20000`, { signal: controller.signal });
    await polling;
    controller.abort();
    await expect(poll).rejects.toThrow();
    expect(await aborted).toMatchObject({ message: "the client is gone" });
  });
});

describe("closing", () => {
  test("lets a request finish, ends long polls, and takes no more", async () => {
    const { server, records, replace } = await start();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: finishing, resolve: finish } = Promise.withResolvers<void>();
    replace("produce.produceRecords", async () => {
      begin();
      await finishing;
      return { baseOffset: 0, timestamps: [1] };
    });
    const { promise: polling, resolve: polls } = Promise.withResolvers<void>();
    replace("fetch.fetchRecords", async ({ signal }: FetchRequest) => {
      polls();
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error)));
    });
    const produce = fetch(records, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"records":[{"value":"v"}]}',
    });
    const poll = fetch(`${records}?offset=0&waitMs=20000`);
    await Promise.all([begun, polling]);
    const closed = server.close();
    expect((await poll).status).toBe(429);
    await expect(fetch(`${server.url}/health`)).rejects.toThrow();
    finish();
    expect((await produce).status).toBe(200);
    await closed;
    await server.close();
  });
});

test("a port that is taken is an error of startServer", async () => {
  const { server, services } = await start();
  await expect(startServer({ services, host: "127.0.0.1", port: server.port })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
});
