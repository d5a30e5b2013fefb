import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FrameReader } from "../../../gateway/connections/frame-reader.ts";
import { JuteReader } from "../../../gateway/zookeeper/protocol/jute-reader.ts";
import { JuteWriter } from "../../../gateway/zookeeper/protocol/jute-writer.ts";
import { operations, type OperationName, type RequestOf } from "../../../gateway/zookeeper/protocol/operations.ts";
import { connectRequest, connectResponse, requestHeader } from "../../../gateway/zookeeper/protocol/records.ts";
import { endWaitMsMax } from "../../../shared/limits/zookeeper-gateway.ts";
import { openAcl, type ZooKeeperBed, zookeeperBed } from "./zookeeper-bed.ts";

const dataBytes = 512 * 1024;
const readsCount = 48;
const writer = new JuteWriter();

let bed: ZooKeeperBed;

beforeEach(async () => {
  bed = await zookeeperBed();
  const client = await bed.connect();
  await client.send("create", { path: "/large", data: new Uint8Array(dataBytes), acl: openAcl, flags: 0 });
});

afterEach(async () => {
  vi.useRealTimers();
  await bed.close();
});

function requestOf<Name extends OperationName>(xid: number, name: Name, body: RequestOf<Name>): Buffer {
  const to = writer.begin();
  requestHeader.write(to, { xid, type: operations[name].code });
  operations[name].request.write(to, body as never);
  return to.end();
}

/** Connects, and sends all of it at once behind that. Nothing is read. */
async function sendAtOnce(requests: readonly Buffer[], port = bed.port): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.pause();
  await once(socket, "connect");
  const to = writer.begin();
  const passwd = new Uint8Array(16);
  connectRequest.write(to, {
    protocolVersion: 0,
    lastZxidSeen: 0,
    timeOut: 40_000,
    sessionId: 0n,
    passwd,
    readOnly: false,
  });
  socket.write(Buffer.concat([to.end(), ...requests]));
  return socket;
}

async function connectionsFewerThan(count: number): Promise<void> {
  while (bed.held().connections >= count) await new Promise((resolve) => setImmediate(resolve));
}

/** How many answers the gateway has made. */
async function madeAnswers(): Promise<number> {
  const socket = connect({ port: bed.port, host: "127.0.0.1" });
  socket.write("srvr");
  const chunks = await socket.toArray();
  return Number(/Sent: (\d+)/.exec(Buffer.concat(chunks).toString())?.[1]);
}

async function settledAnswers(): Promise<number> {
  for (let last = -1; ;) {
    const made = await madeAnswers();
    if (made === last) return made;
    last = made;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** The xids of answers in their order. */
async function readAll(socket: Socket, count: number): Promise<readonly number[]> {
  const frames = new FrameReader();
  const xids: number[] = [];
  socket.on("data", (chunk: Buffer) => {
    frames.push(chunk);
    for (let frame = frames.next(2 * dataBytes); frame !== undefined; frame = frames.next(2 * dataBytes)) {
      xids.push(Buffer.from(frame).readInt32BE(0));
    }
  });
  socket.resume();
  const closed = once(socket, "close");
  while (xids.length <= count) {
    if (socket.destroyed) throw new Error(`closed after ${xids.length} answers`);
    await Promise.race([once(socket, "data"), closed]);
  }
  socket.destroy();
  return xids.slice(1);
}

const reads = Array.from({ length: readsCount }, (_, index) =>
  requestOf(index + 1, "getData", { path: "/large", watch: false }),
);

test.each([
  ["that come together", reads, 1],
  [
    "that waited for a write",
    [requestOf(0, "setData", { path: "/large", data: new Uint8Array(dataBytes), version: -1 }), ...reads],
    0,
  ],
])("answers to reads %s are made as their client reads them, and come in order", async (_name, requests, first) => {
  const before = await settledAnswers();
  const socket = await sendAtOnce(requests);
  expect((await settledAnswers()) - before).toBeLessThan(readsCount / 2);
  const xids = await readAll(socket, requests.length);
  expect(xids).toEqual(requests.map((_request, index) => first + index));
});

test("a client that reads what it is sent goes on, however large one answer is", async () => {
  const client = await bed.connect();
  const data = new Uint8Array(1024 * 1024 - 1);
  await client.send("create", { path: "/largest", data, acl: openAcl, flags: 0 });
  for (let count = 0; count < 20; count += 1) {
    expect((await client.send("getData", { path: "/largest", watch: false })).body?.data?.length).toBe(data.length);
  }
});

test("clients that do not read take no more together than they may, and none of them loses its connection", async () => {
  const answerBytes = 8 * 1024 * 1024;
  const clients = 11;
  await using small = await zookeeperBed({ limits: { requestBytes: 64 * 1024 * 1024, answerBytes } });
  const client = await small.connect();
  const partBytes = dataBytes / 4;
  await client.send("create", { path: "/large", data: new Uint8Array(partBytes), acl: openAcl, flags: 0 });
  const manyReads = Array.from({ length: 120 }, (_, index) =>
    requestOf(index + 1, "getData", { path: "/large", watch: false }),
  );
  const sockets = await Promise.all(Array.from({ length: clients }, () => sendAtOnce(manyReads, small.port)));
  let most = 0;
  for (let looks = 0; looks < 30; looks += 1) {
    most = Math.max(most, small.held().answerBytes);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(most).toBeGreaterThan(answerBytes / 2);
  expect(most).toBeLessThan(answerBytes);
  expect(small.held().connections).toBe(clients + 1);
  for (const socket of sockets) {
    expect(await readAll(socket, manyReads.length)).toEqual(manyReads.map((_request, index) => index + 1));
  }
});

test("a client that does not read what it is told at the end is not waited for", async () => {
  const socket = await sendAtOnce([]);
  const [frame] = (await once(socket.resume(), "data")) as [Buffer];
  const { sessionId, passwd } = connectResponse.read(new JuteReader(frame, 4));
  socket.pause().write(Buffer.concat(reads));
  await settledAnswers();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await bed.connect({ sessionId, passwd: passwd ?? new Uint8Array() });
  expect(bed.held()).toMatchObject({ connections: 3, sessions: 2 });
  vi.advanceTimersByTime(endWaitMsMax);
  await connectionsFewerThan(3);
  expect(bed.held().answerBytes).toBe(0);
});
