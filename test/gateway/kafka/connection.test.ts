import { expect, test } from "vitest";
import { connectionRequestsMax } from "../../../shared/limits/kafka-gateway.ts";
import { free, listenerBed, RawClient, request, sent, turns, until } from "./listener-bed.ts";

const ids = (count: number, from = 1): number[] => Array.from({ length: count }, (_, index) => from + index);
const mebibyte = 1 << 20;

test("requests of one chunk run beside each other, and are answered in their order", async () => {
  await using bed = await listenerBed();
  bed.held.add(1).add(3);
  const client = await RawClient.connect(bed.port);
  client.write(...ids(5).map((id) => request(free.key, id)));
  await until(() => bed.begun.length === 5);
  bed.gates.get(3)?.open();
  bed.gates.get(1)?.open();
  expect(await client.answers(5)).toEqual([1, 2, 3, 4, 5]);
  client.socket.destroy();
});

test("a request that is sent byte by byte is answered", async () => {
  await using bed = await listenerBed();
  const client = await RawClient.connect(bed.port);
  client.socket.setNoDelay(true);
  for (const byte of request(free.key, 7, { padding: 20 })) {
    client.socket.write(Uint8Array.of(byte));
    await new Promise(setImmediate);
  }
  expect(await client.answers(1)).toEqual([7]);
  client.socket.destroy();
});

test("of the requests of one chunk no more begin than may be under way, and all are answered", async () => {
  await using bed = await listenerBed();
  const count = 1_000;
  for (const id of ids(connectionRequestsMax)) bed.held.add(id);
  const client = await RawClient.connect(bed.port);
  client.write(...ids(count).map((id) => request(free.key, id)));
  await until(() => bed.begun.length >= connectionRequestsMax);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(bed.begun).toHaveLength(connectionRequestsMax);
  for (const gate of bed.gates.values()) gate.open();
  expect(await client.answers(count)).toEqual(ids(count));
  client.socket.destroy();
});

test("requests in turns begin in their order, each when the one before lets it; others do not wait for them", async () => {
  await using bed = await listenerBed();
  bed.held.add(1).add(2);
  const client = await RawClient.connect(bed.port);
  client.write(request(turns.key, 1), request(turns.key, 2), request(turns.key, 3), request(free.key, 4));
  await until(() => bed.begun.length === 2);
  expect(bed.begun).toEqual([1, 4]);
  bed.gates.get(1)?.pass();
  await until(() => bed.begun.length === 3);
  expect(bed.begun).toEqual([1, 4, 2]);
  bed.gates.get(2)?.open();
  await until(() => bed.begun.length === 4);
  bed.gates.get(1)?.open();
  expect(await client.answers(4)).toEqual([1, 2, 3, 4]);
  client.socket.destroy();
});

test("a client that does not read its answers is not read either, and goes on when it reads", async () => {
  await using bed = await listenerBed();
  const [idle, other] = [await RawClient.connect(bed.port), await RawClient.connect(bed.port)];
  idle.write(request(free.key, 1, { size: 10 * mebibyte }));
  await until(() => bed.begun.length === 1);
  other.write(request(free.key, 100));
  expect(await other.answers(1)).toEqual([100]);
  idle.write(...ids(9, 2).map((id) => request(free.key, id)));
  other.write(request(free.key, 101));
  expect(await other.answers(1)).toEqual([101]);
  expect(bed.begun).toEqual([1, 100, 101]);
  expect(await idle.answers(10)).toEqual(ids(10));
  idle.socket.destroy();
  other.socket.destroy();
});

test("of requests whose answers are large one begins when the answer before is sent", async () => {
  await using bed = await listenerBed();
  const client = await RawClient.connect(bed.port);
  client.write(...ids(20).map((id) => request(sent.key, id, { size: 4 * mebibyte })));
  await until(() => bed.begun.length > 0);
  expect(await client.answers(4)).toEqual(ids(4));
  expect(bed.begun.length).toBeLessThan(20);
  client.socket.destroy();
});

test("answers that nobody reads are bounded over all connections: who keeps most for longest is closed", async () => {
  await using bed = await listenerBed({ limits: { requestBytes: mebibyte, answerBytes: 24 * mebibyte } });
  const healthy = await RawClient.connect(bed.port);
  const closed: number[] = [];
  const idle = await Promise.all(
    ids(5).map(async (id) => {
      const client = await RawClient.connect(bed.port);
      client.socket.on("close", () => closed.push(id));
      return client;
    }),
  );
  for (const [index, client] of idle.entries()) {
    client.write(request(free.key, 100 + index, { size: 10 * mebibyte }));
    await until(() => bed.begun.includes(100 + index));
  }
  for (const id of ids(20)) {
    healthy.write(request(free.key, id, { size: 1_000 }));
    expect(await healthy.answers(1)).toEqual([id]);
  }
  const ends = idle.map(async (client, index) => {
    const error = await client.answers(1).catch(() => "closed");
    client.socket.destroy();
    return error === "closed" ? "closed" : error[0] === 100 + index ? "answered" : "wrong";
  });
  const found = (await Promise.all(ends)).toSorted();
  expect(found.filter((end) => end === "answered").length).toBeLessThan(4);
  expect(found).toContain("closed");
  expect(found).not.toContain("wrong");
  healthy.socket.destroy();
});

test("a client waits with what is large while answers are scarce, and goes on when there is room", async () => {
  await using bed = await listenerBed({ limits: { requestBytes: mebibyte, answerBytes: 20 * mebibyte } });
  const [idle, other] = [await RawClient.connect(bed.port), await RawClient.connect(bed.port)];
  idle.write(request(free.key, 1, { size: 16 * mebibyte }));
  await until(() => bed.begun.length === 1);
  other.write(request(sent.key, 2, { size: 10 }), request(free.key, 3));
  await until(() => bed.begun.includes(3));
  expect(bed.begun).toEqual([1, 3]);
  expect(await idle.answers(1)).toEqual([1]);
  expect(await other.answers(2)).toEqual([2, 3]);
  idle.socket.destroy();
  other.socket.destroy();
});

test("requests that wait for room among those of all connections go on, and small ones need not wait", async () => {
  await using bed = await listenerBed({ limits: { requestBytes: mebibyte, answerBytes: mebibyte } });
  bed.held.add(1);
  const clients = await Promise.all(ids(3).map(() => RawClient.connect(bed.port)));
  const [slow, large, small] = clients as [RawClient, RawClient, RawClient];
  slow.write(request(free.key, 1, { padding: mebibyte }));
  await until(() => bed.begun.length === 1);
  large.write(request(free.key, 2, { padding: 200_000 }));
  small.write(request(free.key, 3));
  expect(await small.answers(1)).toEqual([3]);
  expect(bed.begun).toEqual([1, 3]);
  bed.gates.get(1)?.open();
  expect(await large.answers(1)).toEqual([2]);
  expect(await slow.answers(1)).toEqual([1]);
  for (const client of clients) client.socket.destroy();
});

test("frames that do not become whole are bounded over all connections", async () => {
  await using bed = await listenerBed({ limits: { requestBytes: 4 * mebibyte, answerBytes: mebibyte } });
  const healthy = await RawClient.connect(bed.port);
  const slow = await Promise.all(ids(8).map(() => RawClient.connect(bed.port)));
  const ends = slow.map((client) => client.closed().then(() => "closed"));
  for (const client of slow) client.write(request(free.key, 1, { padding: 2 * mebibyte }).subarray(0, mebibyte));
  expect(await Promise.race(ends)).toBe("closed");
  healthy.write(request(free.key, 9, { padding: 100_000 }));
  expect(await healthy.answers(1)).toEqual([9]);
  for (const client of [...slow, healthy]) client.socket.destroy();
});

test("a client that has ended its half is answered all that it asked, and its waits end at once", async () => {
  await using bed = await listenerBed();
  const count = connectionRequestsMax + 30;
  bed.held.add(1);
  const client = await RawClient.connect(bed.port);
  client.socket.end(Buffer.concat(ids(count).map((id) => request(free.key, id))));
  expect(await client.answers(count)).toEqual(ids(count));
  await client.closed();
});

test("a request that fails without an answer ends its connection alone, even where others before it wait", async () => {
  await using bed = await listenerBed();
  bed.held.add(1).add(2);
  const [client, other] = [await RawClient.connect(bed.port), await RawClient.connect(bed.port)];
  client.write(request(free.key, 1), request(free.key, 2));
  await until(() => bed.gates.has(2));
  // A promise that is rejected while nobody looks ends the process.
  bed.gates.get(2)?.open(new Error("a bug"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  bed.gates.get(1)?.open();
  expect(await client.answers(1)).toEqual([1]);
  await client.closed();
  expect(bed.logged.join()).toContain("a bug");
  other.write(request(free.key, 3));
  expect(await other.answers(1)).toEqual([3]);
  other.socket.destroy();
});

const length = (value: number): Buffer => {
  const head = Buffer.alloc(4);
  head.writeInt32BE(value);
  return head;
};
const badVersion = request(free.key, 1);
badVersion.writeInt16BE(9, 6);

test.each([
  ["a frame of no bytes", length(0)],
  ["a frame of a negative length", length(-5)],
  ["a frame larger than any", length(0x7fff_ffff)],
  ["an API that there is not", request(31_000, 1)],
  ["a request without records that is as large as one with them", request(free.key, 1, { padding: 17 * mebibyte })],
  ["a version that there is not", badVersion],
  ["a request that ends too early", Buffer.concat([length(20), request(free.key, 1).subarray(4, 24)])],
  ["what no client of Kafka sends", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
])("%s ends its connection alone, and is not written down", async (_, bytes) => {
  await using bed = await listenerBed();
  const [client, other] = [await RawClient.connect(bed.port), await RawClient.connect(bed.port)];
  client.write(bytes);
  await client.closed();
  other.write(request(free.key, 3));
  expect(await other.answers(1)).toEqual([3]);
  expect(bed.logged).toEqual([]);
  other.socket.destroy();
});

test("bytes that follow a request inside its frame are let be, as Kafka does", async () => {
  await using bed = await listenerBed();
  const client = await RawClient.connect(bed.port);
  client.write(request(free.key, 1, { tail: 5 }), request(free.key, 2));
  expect(await client.answers(2)).toEqual([1, 2]);
  client.socket.destroy();
});

test("a connection that does nothing is closed in the end, and not while it waits for its answer", async () => {
  await using bed = await listenerBed({ idleMs: 400 });
  bed.held.add(1);
  const [idle, waiting] = [await RawClient.connect(bed.port), await RawClient.connect(bed.port)];
  waiting.write(request(free.key, 1));
  await idle.closed();
  await new Promise((resolve) => setTimeout(resolve, 600));
  bed.gates.get(1)?.open();
  expect(await waiting.answers(1)).toEqual([1]);
  await waiting.closed();
});
