import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, test } from "vitest";
import { free, listenerBed, RawClient, request, until } from "./listener-bed.ts";

const folder = new URL("../../fixtures/tls/", import.meta.url);
const tls = {
  cert: readFileSync(new URL("localhost.crt", folder), "utf8"),
  key: readFileSync(new URL("localhost.key", folder), "utf8"),
};
/** Far below what a listener waits for those that do not go. */
const quickMs = 1_500;

async function encrypted(port: number): Promise<RawClient> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connectTls({ host: "127.0.0.1", port, ca: tls.cert, servername: "localhost" }, resolve);
  await promise;
  return new RawClient(socket);
}

async function took(work: Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work;
  return performance.now() - startedMs;
}

test("a listener that closes answers what waits, and does not wait for those that do nothing", async () => {
  await using bed = await listenerBed();
  bed.held.add(1);
  const [waiting, idle] = [await RawClient.connect(bed.port), await RawClient.connect(bed.port)];
  // A client as most are: it ends its half when the other one is ended.
  idle.socket.allowHalfOpen = false;
  waiting.socket.allowHalfOpen = false;
  idle.socket.resume();
  waiting.write(request(free.key, 1), request(free.key, 2));
  await until(() => bed.gates.has(1));
  const answers = waiting.answers(2);
  expect(await took(bed.listener.close())).toBeLessThan(quickMs);
  expect(await answers).toEqual([1, 2]);
  const refused = connect({ host: "127.0.0.1", port: bed.port });
  const { promise, resolve } = Promise.withResolvers<void>();
  refused.on("error", () => resolve());
  await promise;
});

test("over TLS requests are answered, also to a client that does not read for a while", async () => {
  await using bed = await listenerBed({ tls });
  const client = await encrypted(bed.port);
  client.write(request(free.key, 1, { size: 3_000_000, padding: 500_000 }), request(free.key, 2));
  await until(() => bed.begun.includes(1));
  expect(await client.answers(2)).toEqual([1, 2]);
  client.socket.destroy();
});

test("who does not speak TLS, or says nothing, holds up nobody, nor the end of the listener", async () => {
  await using bed = await listenerBed({ tls });
  const [silent, plain] = [await RawClient.connect(bed.port), await RawClient.connect(bed.port)];
  plain.write(request(free.key, 1));
  await plain.closed();
  const line = { reason: "ERR_SSL_WRONG_VERSION_NUMBER", address: "127.0.0.1", port: bed.port, others: 0 };
  expect(bed.logged).toEqual([`a TLS handshake failed ${JSON.stringify(line)}`]);
  const client = await encrypted(bed.port);
  client.write(request(free.key, 2));
  expect(await client.answers(1)).toEqual([2]);
  client.socket.destroy();
  expect(await took(bed.listener.close())).toBeLessThan(quickMs);
  await silent.closed();
  expect(bed.logged).toHaveLength(1);
});
