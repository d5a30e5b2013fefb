import { createServer } from "node:net";
import { expect, test } from "vitest";
import { tellFailedHandshakes } from "../../../gateway/connections/failed-handshakes.ts";

test("the first failed handshake is told at once, those of the next minute by their number", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
  const told: unknown[] = [];
  let nowMs = 0;
  tellFailedHandshakes(server, (level, event, fields) => told.push([level, event, fields]), {
    monotonicMs: () => nowMs,
  });
  let destroyed = 0;
  const fail = (atMs: number, code: string): void => {
    nowMs = atMs;
    const socket = { remoteAddress: "10.0.0.1", destroy: () => (destroyed += 1) };
    server.emit("tlsClientError", Object.assign(new Error("with details"), { code }), socket);
  };
  fail(5, "ERR_SSL_HTTP_REQUEST");
  for (const atMs of [6, 30_000, 60_004]) fail(atMs, "ECONNRESET");
  fail(60_005, "ERR_TLS_HANDSHAKE_TIMEOUT");
  const line = { address: "10.0.0.1", port: expect.any(Number) };
  expect(told).toEqual([
    ["WARN", "a TLS handshake failed", { ...line, reason: "ERR_SSL_HTTP_REQUEST", others: 0 }],
    ["WARN", "a TLS handshake failed", { ...line, reason: "ERR_TLS_HANDSHAKE_TIMEOUT", others: 3 }],
  ]);
  await new Promise((resolve) => server.close(resolve));
  fail(200_000, "ECONNRESET");
  expect([told.length, destroyed]).toEqual([2, 6]);
});
