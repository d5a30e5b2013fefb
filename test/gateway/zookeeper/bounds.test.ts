import { afterEach, beforeEach, expect, test } from "vitest";
import { ServiceError } from "../../../shared/api/errors.ts";
import { counted } from "../../functions/metrics/counted.ts";
import { openAcl, sessionsWith, withSlowWrites, type ZooKeeperBed, zookeeperBed } from "./zookeeper-bed.ts";

let bed: ZooKeeperBed;

beforeEach(async () => {
  bed = await zookeeperBed();
});

afterEach(async () => {
  await bed.close();
});

test("a body that cannot be read is answered, and the connection goes on", async () => {
  const client = await bed.connect();
  const reply = client.send("ping", {});
  await reply;
  const frame = Buffer.alloc(12);
  frame.writeInt32BE(7, 0);
  frame.writeInt32BE(4, 4);
  frame.writeInt32BE(1_000_000, 8);
  const answered = client.expectReply("getData");
  client.sendBytes(frame);
  expect(await answered).toMatchObject({ xid: 7, err: -5 });
  expect((await client.send("exists", { path: "/", watch: false })).err).toBe(0);
});

test("a multi may fill ZooKeeper's largest frame, with whatever it is filled", async () => {
  const [client, watching] = [await bed.connect(), await bed.connect()];
  await watching.send("addWatch", { path: "/", mode: 1 });
  const checks = (count: number) =>
    client.send(
      "multi",
      Array.from({ length: count }, () => ({ kind: "check", body: { path: "/", version: -1 } })),
    );
  expect((await checks(58_253)).body).toHaveLength(58_253);
  expect((await checks(58_254)).err).toBe(-5);
  const body = { data: new Uint8Array(30), acl: openAcl, flags: 0 };
  const creates = Array.from({ length: 12_000 }, (_, index) => ({
    kind: "create" as const,
    body: { ...body, path: `/${index}` },
  }));
  expect((await client.send("multi", creates)).body?.at(-1)).toEqual({ kind: "create", body: { path: "/11999" } });
  const refused = await client.send("multi", creates);
  expect([refused.err, refused.body?.length, refused.body?.[0]]).toEqual([
    0,
    12_000,
    { kind: "error", body: { err: -110 } },
  ]);
  await watching.send("sync", { path: "/" });
  await watching.send("ping", {});
  expect(watching.events).toHaveLength(12_000);
  expect(bed.failures).toEqual([]);
});

test("a multi that is not answered counts with what its operations take in memory, not only with its bytes", async () => {
  const asked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  await using slow = await zookeeperBed({}, (services) => withSlowWrites(services, () => goOn.promise, asked.resolve));
  const client = await slow.connect();
  const answered = client.send(
    "multi",
    Array.from({ length: 10_000 }, () => ({ kind: "check", body: { path: "/", version: -1 } })),
  );
  await asked.promise;
  expect(slow.held().requestBytes).toBeGreaterThan(10_000 * (18 + 160));
  goOn.resolve();
  await answered;
  await client.send("ping", {});
  expect(slow.held().requestBytes).toBe(0);
});

test("an operation that ZooKeeper does not have ends the connection, once it is answered", async () => {
  const client = await bed.connect();
  const frame = Buffer.alloc(8);
  frame.writeInt32BE(7, 0);
  frame.writeInt32BE(99, 4);
  const answered = client.expectReply("ping");
  client.sendBytes(frame);
  expect(await answered).toMatchObject({ xid: 7, err: -6 });
  await client.closed();
});

test("a frame without a header, and one that is too long, end the connection", async () => {
  const [short, long] = [await bed.connect(), await bed.connect()];
  short.sendBytes(Buffer.alloc(3));
  long.sendBytes(Buffer.alloc(6 * 1024 * 1024));
  await Promise.all([short.closed(), long.closed()]);
  expect((await (await bed.connect()).send("ping", {})).err).toBe(0);
});

test("a client that has seen more than there is, is not served", async () => {
  await expect(bed.connect({ lastZxidSeen: 1_000 })).rejects.toThrow("closed");
});

test("a session that is over or another's is told as timeout 0", async () => {
  const client = await bed.connect();
  const { sessionId = 0n, passwd } = client.session ?? {};
  const wrong = await bed.connect({ sessionId, passwd: new Uint8Array(16) });
  expect(wrong.session).toMatchObject({ timeOut: 0, sessionId: 0n });
  await wrong.closed();
  await client.send("closeSession", {});
  await client.closed();
  const late = await bed.connect({ sessionId, passwd: passwd ?? new Uint8Array() });
  expect(late.session).toMatchObject({ timeOut: 0, sessionId: 0n });
});

test("a session that could not be created is counted with the error's name", async () => {
  const { metrics, value } = counted();
  const failing = await zookeeperBed({ metrics }, (services) => {
    const create = () => Promise.reject(new ServiceError("QUOTA_EXCEEDED", "as many as there may be"));
    return { ...services, sessions: sessionsWith(services.sessions, { create }) };
  });
  await expect(failing.connect()).rejects.toThrow("closed");
  const request = "createSession";
  expect(value("ErrorsPerSec", { request, error: "QUOTA_EXCEEDED" })).toBe(1);
  expect([value("RequestsPerSec", { request }), value("LocalTimeMs", { request })]).toEqual([1, 1]);
  await failing.close();
});

test("timeouts are brought to between 2 and 20 ticks", async () => {
  const asked = [1, 4_000, 30_000, 1_000_000];
  const clients = await Promise.all(asked.map((timeOut) => bed.connect({ timeOut })));
  expect(clients.map(({ session }) => session?.timeOut)).toEqual([4_000, 4_000, 30_000, 40_000]);
});

test("a client that comes back over another connection closes the one before", async () => {
  const client = await bed.connect();
  await client.send("create", { path: "/e", data: null, acl: openAcl, flags: 1 });
  const { sessionId = 0n, passwd } = client.session ?? {};
  const again = await bed.connect({ sessionId, passwd: passwd ?? new Uint8Array() });
  await client.closed();
  expect((await again.send("getEphemerals", { path: "/" })).body?.ephemerals).toEqual(["/e"]);
});

test("thousands of requests at once are answered in their order", async () => {
  const client = await bed.connect();
  const replies = await Promise.all(
    Array.from({ length: 3_000 }, () => client.send("exists", { path: "/", watch: false })),
  );
  expect(replies.map(({ xid }) => xid)).toEqual(Array.from({ length: 3_000 }, (_, index) => index + 1));
});

test("reconfig is disabled, and the configuration can be read", async () => {
  const client = await bed.connect();
  const none = { joiningServers: null, leavingServers: null, newMembers: null, curConfigId: -1n };
  expect((await client.send("reconfig", none)).err).toBe(-123);
  expect((await client.send("getData", { path: "/zookeeper/config", watch: false })).err).toBe(0);
  expect((await client.send("getChildren", { path: "/zookeeper/quota", watch: false })).body?.children).toEqual([]);
});
