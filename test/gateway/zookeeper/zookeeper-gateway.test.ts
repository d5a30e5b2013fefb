import { afterEach, beforeEach, expect, test } from "vitest";
import { WireClient } from "./wire-client.ts";
import { openAcl, type ZooKeeperBed, zookeeperBed } from "./zookeeper-bed.ts";

let bed: ZooKeeperBed;

beforeEach(async () => {
  bed = await zookeeperBed();
});

afterEach(async () => {
  await bed.close();
});

const data = new TextEncoder().encode("one");

function create(path: string, flags = 0) {
  return { path, data, acl: openAcl, flags };
}

test("a client creates, reads, changes and deletes", async () => {
  const client = await bed.connect();
  expect(client.session).toMatchObject({ protocolVersion: 0, timeOut: 10_000, readOnly: false });
  expect(await client.send("create", create("/a"))).toMatchObject({ err: 0, body: { path: "/a" } });
  expect((await client.send("create", create("/a"))).err).toBe(-110);
  const got = await client.send("getData", { path: "/a", watch: false });
  expect(got.body).toMatchObject({ data: Buffer.from(data), stat: { version: 0, dataLength: 3 } });
  expect((await client.send("setData", { path: "/a", data: null, version: 1 })).err).toBe(-103);
  expect((await client.send("setData", { path: "/a", data: null, version: 0 })).body).toMatchObject({
    stat: { version: 1 },
  });
  expect((await client.send("delete", { path: "/a", version: 1 })).err).toBe(0);
  expect((await client.send("exists", { path: "/a", watch: false })).err).toBe(-101);
});

test("requests that are sent together are answered in their order, with zxids that only grow", async () => {
  const client = await bed.connect();
  const sent = Array.from({ length: 200 }, (_, index) => [
    client.send("create", create(`/n${index}`)),
    client.send("exists", { path: `/n${index}`, watch: false }),
    client.send("setData", { path: `/n${index}`, data: null, version: 0 }),
  ]).flat();
  expect((await Promise.all(sent)).map(({ err }) => err)).toEqual(Array.from({ length: 600 }, () => 0));
  const zxids = client.told.map(({ zxid }) => zxid);
  expect(zxids).toEqual(zxids.toSorted((one, other) => one - other));
});

test("an event comes before what reveals it, to whoever changed it as well", async () => {
  const [one, other] = [await bed.connect(), await bed.connect()];
  await one.send("create", create("/a"));
  await one.send("exists", { path: "/a", watch: true });
  await other.send("getData", { path: "/a", watch: true });
  const last = await one.send("setData", { path: "/a", data: null, version: -1 });
  await other.send("ping", {});
  expect(one.told.slice(-2)).toEqual([
    { kind: "event", type: 3, path: "/a", zxid: last.zxid },
    { kind: "reply", xid: last.xid, zxid: last.zxid },
  ]);
  expect(other.events).toEqual([{ type: 3, path: "/a" }]);
});

test("a session goes on over another gateway, and its ephemerals with it", async () => {
  const client = await bed.connect();
  await client.send("create", create("/e", 1));
  client.destroy();
  const port = await bed.another();
  const { sessionId = 0n, passwd } = client.session ?? {};
  const again = await WireClient.connect(port, { sessionId, passwd: passwd ?? new Uint8Array() });
  expect(again.session?.sessionId).toBe(sessionId);
  expect((await again.send("exists", { path: "/e", watch: false })).body?.stat.ephemeralOwner).toBe(sessionId);
  await again.send("closeSession", {});
  const next = await bed.connect();
  await next.send("sync", { path: "/" });
  expect((await next.send("exists", { path: "/e", watch: false })).err).toBe(-101);
});

test("what comes late through the gateway that a client has left is refused, and done by nobody", async () => {
  const left = await bed.connect();
  await left.send("create", create("/a"));
  const { sessionId = 0n, passwd } = left.session ?? {};
  const moved = await WireClient.connect(await bed.another(), { sessionId, passwd: passwd ?? new Uint8Array() });
  const late = [left.send("setData", { path: "/a", data: null, version: -1 }), left.send("create", create("/b"))];
  const [first] = await Promise.allSettled(late);
  expect(first).toMatchObject({ status: "fulfilled", value: { err: -118 } });
  await left.closed();
  expect((await moved.send("getData", { path: "/a", watch: false })).body?.stat.version).toBe(0);
  expect((await moved.send("exists", { path: "/b", watch: false })).err).toBe(-101);
  expect((await moved.send("setData", { path: "/a", data: null, version: 0 })).err).toBe(0);
});
