import { afterEach, beforeEach, expect, test } from "vitest";
import { zxid } from "../../../shared/brand.ts";
import { openAclIndex } from "../../../shared/tree/acl.ts";
import { replayOf } from "../../../gateway/zookeeper/watch-requests.ts";
import type { WireClient } from "./wire-client.ts";
import { openAcl, servicesWithFollower, type ZooKeeperBed, zookeeperBed } from "./zookeeper-bed.ts";

const [created, deleted, changed, childrenChanged] = [1, 2, 3, 4];

let bed: ZooKeeperBed;
let writer: WireClient;

beforeEach(async () => {
  bed = await zookeeperBed();
  writer = await bed.connect();
});

afterEach(async () => {
  await bed.close();
});

async function create(path: string, acl = openAcl): Promise<number> {
  const { err, zxid } = await writer.send("create", { path, data: null, acl, flags: 0 });
  expect(err).toBe(0);
  return zxid;
}

async function setData(path: string): Promise<number> {
  return (await writer.send("setData", { path, data: null, version: -1 })).zxid;
}

/** What a client that comes back sends. */
function again(relativeZxid: number) {
  const none: readonly string[] = [];
  return {
    relativeZxid,
    dataWatches: none,
    existWatches: none,
    childWatches: none,
    persistentWatches: none,
    persistentRecursiveWatches: none,
  };
}

test("watches of a client that comes back are told of what happened meanwhile, or set again", async () => {
  for (const path of ["/same", "/changed", "/gone", "/parent"]) await create(path);
  const seen = await create("/parent/old");
  await setData("/changed");
  await writer.send("delete", { path: "/gone", version: -1 });
  await create("/new");
  await create("/parent/child");
  const client = await bed.connect({ lastZxidSeen: seen });
  const { err } = await client.send("setWatches", {
    relativeZxid: seen,
    dataWatches: ["/same", "/changed", "/gone"],
    existWatches: ["/new", "/absent"],
    childWatches: ["/parent", "/same"],
  });
  expect(err).toBe(0);
  expect(client.events).toEqual([
    { type: changed, path: "/changed" },
    { type: deleted, path: "/gone" },
    { type: created, path: "/new" },
    { type: childrenChanged, path: "/parent" },
  ]);
  await setData("/same");
  await create("/absent");
  await create("/same/child");
  await client.send("ping", {});
  expect(client.events.slice(4)).toEqual([
    { type: changed, path: "/same" },
    { type: created, path: "/absent" },
    { type: childrenChanged, path: "/same" },
  ]);
});

test("persistent watches of a client that comes back are told of every event since, in order and once", async () => {
  const seen = await create("/a");
  await create("/a/b");
  await setData("/a/b");
  await writer.send("delete", { path: "/a/b", version: -1 });
  const client = await bed.connect();
  const answered = client.send("setWatches2", {
    ...again(seen),
    persistentWatches: ["/a"],
    persistentRecursiveWatches: ["/a"],
  });
  await Promise.all([answered, setData("/a")]);
  await create("/a/c");
  await client.send("ping", {});
  expect(client.events).toEqual([
    { type: created, path: "/a/b" },
    { type: childrenChanged, path: "/a" },
    { type: changed, path: "/a/b" },
    { type: deleted, path: "/a/b" },
    { type: childrenChanged, path: "/a" },
    { type: changed, path: "/a" },
    { type: created, path: "/a/c" },
    { type: childrenChanged, path: "/a" },
  ]);
});

test("what was missed comes in the order of zxids before the answer, and once, whatever kinds of watches heard of it", async () => {
  for (const path of ["/a", "/b", "/c", "/gone"]) await create(path);
  const seen = await create("/a/x");
  await setData("/b");
  await setData("/a/x");
  await create("/c/x");
  await writer.send("delete", { path: "/gone", version: -1 });
  await setData("/a/x");
  const client = await bed.connect();
  await client.send("setWatches2", {
    ...again(seen),
    dataWatches: ["/a/x", "/b", "/gone"],
    childWatches: ["/c"],
    persistentWatches: ["/c", "/gone"],
    persistentRecursiveWatches: ["/a"],
  });
  expect(client.events).toEqual([
    { type: changed, path: "/a/x" },
    { type: childrenChanged, path: "/c" },
    { type: deleted, path: "/gone" },
    { type: changed, path: "/a/x" },
    { type: changed, path: "/b" },
  ]);
  expect(client.told.map(({ kind }) => kind)).toEqual([...client.events.map(() => "event"), "reply"]);
  const zxids = client.told.map(({ zxid: at }) => at);
  expect(zxids).toEqual(zxids.toSorted((one, other) => one - other));
});

test("what several requests of a client that comes back are about is told once", async () => {
  await create("/a");
  const seen = await create("/a/b");
  for (const path of ["/a/b", "/a", "/a/b"]) await setData(path);
  const missed = async (...bodies: readonly Partial<ReturnType<typeof again>>[]): Promise<readonly string[]> => {
    const client = await bed.connect();
    for (const body of bodies) await client.send("setWatches2", { ...again(seen), ...body });
    const told = client.events.map(({ path }) => path);
    await setData("/a/b");
    await client.send("ping", {});
    expect(client.events.slice(told.length)).toEqual([{ type: changed, path: "/a/b" }]);
    client.destroy();
    return told;
  };
  const below = { persistentRecursiveWatches: ["/a"] };
  const one = { persistentWatches: ["/a/b"] };
  const once = { dataWatches: ["/a/b"] };
  const both = ["/a/b", "/a", "/a/b"];
  expect(await missed(below, one)).toEqual(both);
  expect(await missed(one, below)).toEqual(["/a/b", "/a/b", "/a/b", "/a"]);
  expect(await missed(one, one)).toEqual(["/a/b", "/a/b", "/a/b", "/a/b"]);
  expect(await missed(below, once)).toEqual([...both, "/a/b", "/a/b", "/a/b"]);
  expect(await missed(once, below)).toEqual([...both, "/a/b", "/a/b", "/a/b", "/a/b"]);
  expect(await missed(once, one, below)).toEqual([...Array.from({ length: 7 }, () => "/a/b"), "/a"]);
});

test("between two requests of a client that comes back nothing is lost, nor told twice", async () => {
  const seen = await create("/a");
  await create("/b");
  const client = await bed.connect();
  await client.send("setWatches2", { ...again(seen), persistentWatches: ["/a"], dataWatches: ["/b"] });
  await setData("/a");
  const later = await setData("/b");
  await client.send("setWatches2", { ...again(seen), persistentRecursiveWatches: ["/"] });
  await client.send("setWatches2", { ...again(seen), persistentWatches: ["/b"] });
  const expected = [
    { type: changed, path: "/b" },
    { type: changed, path: "/a" },
    { type: created, path: "/b" },
    { type: changed, path: "/b" },
  ];
  expect(client.events).toEqual(expected);
  // What is asked for since another zxid, or behind something else, is told as if nothing had been.
  await client.send("setWatches2", { ...again(later - 1), persistentWatches: ["/b"] });
  await client.send("ping", {});
  await client.send("setWatches2", { ...again(later - 1), persistentWatches: ["/b"] });
  expect(client.events.slice(expected.length)).toEqual([expected[3], expected[3]]);
});

test("the last that a client that comes back is told of a znode is the last that happened to it", async () => {
  const seen = await create("/a");
  await create("/n");
  await writer.send("delete", { path: "/n", version: -1 });
  await create("/n");
  const client = await bed.connect();
  await client.send("setWatches2", { ...again(seen), existWatches: ["/n"] });
  await client.send("setWatches2", { ...again(seen), persistentRecursiveWatches: ["/"] });
  expect(client.events.map(({ type }) => type)).toEqual([created, deleted, created]);
});

test("who proves more between two requests hears of what was kept from it before", async () => {
  const digest = { type: 0, scheme: "digest", auth: Buffer.from("u:p") };
  await writer.send("auth", digest);
  const seen = await create("/a");
  await create("/a/secret", [{ permissions: 31, scheme: "auth", id: "" }]);
  const client = await bed.connect();
  await client.send("setWatches2", { ...again(seen), persistentRecursiveWatches: ["/a"] });
  expect(client.events).toEqual([]);
  await client.send("auth", digest);
  await client.send("setWatches2", { ...again(seen), persistentWatches: ["/a/secret"] });
  expect(client.events).toEqual([{ type: created, path: "/a/secret" }]);
});

test("for watches that are only set again it is not read what was missed", async () => {
  let reads = 0;
  await using counting = await zookeeperBed({}, (services) =>
    servicesWithFollower(services, (follower) => ({
      changesSince: (since) => {
        reads += 1;
        return follower.changesSince(since);
      },
    })),
  );
  const client = await counting.connect();
  const { zxid: seen } = await client.send("create", { path: "/a", data: null, acl: openAcl, flags: 0 });
  await client.send("create", { path: "/b", data: null, acl: openAcl, flags: 0 });
  await client.send("setWatches2", { ...again(seen), persistentWatches: ["/b"] });
  expect(reads).toBe(1);
  await client.send("setWatches2", { ...again(seen), dataWatches: ["/a"] });
  expect(reads).toBe(1);
  await client.send("setWatches2", { ...again(seen), childWatches: ["/"] });
  expect([reads, client.events.at(-1)]).toEqual([2, { type: childrenChanged, path: "/" }]);
});

test("what happens while it is read what was missed is told afterwards, and once", async () => {
  const asked = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  await using slow = await zookeeperBed({}, (services) =>
    servicesWithFollower(services, (follower) => ({
      changesSince: async (since) => {
        const changes = await follower.changesSince(since);
        asked.resolve();
        await goOn.promise;
        return changes;
      },
    })),
  );
  const one = await slow.connect();
  for (const path of ["/a", "/b"]) await one.send("create", { path, data: null, acl: openAcl, flags: 0 });
  const { zxid: seen } = await one.send("setData", { path: "/b", data: null, version: -1 });
  await one.send("create", { path: "/a/b", data: null, acl: openAcl, flags: 0 });
  const client = await slow.connect();
  const answered = client.send("setWatches2", { ...again(seen), dataWatches: ["/a"], persistentWatches: ["/a"] });
  await asked.promise;
  await one.send("setData", { path: "/a", data: null, version: -1 });
  expect(client.told).toEqual([]);
  goOn.resolve();
  await answered;
  expect(client.events).toEqual([
    { type: childrenChanged, path: "/a" },
    { type: changed, path: "/a" },
  ]);
});

test("watches are found and removed by their type", async () => {
  await create("/a");
  const client = await bed.connect();
  await client.send("getData", { path: "/a", watch: true });
  await client.send("addWatch", { path: "/a", mode: 1 });
  const check = async (type: number): Promise<number> => (await client.send("checkWatches", { path: "/a", type })).err;
  expect(await Promise.all([1, 2, 3, 4, 5, 6].map(check))).toEqual([-121, 0, 0, -121, 0, -8]);
  expect((await client.send("removeWatches", { path: "/a", type: 2 })).err).toBe(0);
  expect((await client.send("removeWatches", { path: "/a", type: 2 })).err).toBe(-121);
  await setData("/a");
  await client.send("ping", {});
  expect(client.events).toEqual([{ type: changed, path: "/a" }]);
  expect((await client.send("removeWatches", { path: "/a", type: 3 })).err).toBe(0);
  expect((await client.send("addWatch", { path: "/a", mode: 2 })).err).toBe(-8);
  expect((await client.send("addWatch", { path: "a", mode: 0 })).err).toBe(-8);
});

test("who may not read a znode hears nothing of it", async () => {
  const reader = await bed.connect();
  await reader.send("addWatch", { path: "/", mode: 1 });
  await writer.send("auth", { type: 0, scheme: "digest", auth: Buffer.from("u:p") });
  await create("/secret", [{ permissions: 31, scheme: "auth", id: "" }]);
  await setData("/secret");
  await create("/open");
  await reader.send("ping", {});
  expect(reader.events).toEqual([{ type: created, path: "/open" }]);
  expect((await reader.send("getData", { path: "/secret", watch: true })).err).toBe(-102);
});

test("events of another client's writes never come between a reply and what it may reveal", async () => {
  await create("/a");
  const client = await bed.connect();
  await client.send("addWatch", { path: "/", mode: 1 });
  const count = 100;
  const own = Array.from({ length: count }, () => client.send("setData", { path: "/a", data: null, version: -1 }));
  const others = Array.from({ length: count }, (_, index) => {
    const one = { path: `/w${index}`, data: null, acl: openAcl, flags: 0 };
    return writer.send("create", one).then(() => client.send("exists", { path: one.path, watch: false }));
  });
  expect((await Promise.all(others)).every(({ err }) => err === 0)).toBe(true);
  await Promise.all(own);
  const zxids = client.told.slice(1).map(({ zxid }) => zxid);
  expect(zxids).toEqual(zxids.toSorted((one, other) => one - other));
  expect(client.events).toHaveLength(200);
});

test("persistent watches that are set again too late are told that their znodes changed", async () => {
  await create("/a");
  await create("/b");
  const scopes = [
    { path: "/a", recursive: false },
    { path: "/gone", recursive: false },
    { path: "/b", recursive: true },
  ];
  const follower = await bed.services.follow("default", () => undefined);
  const tree = await follower.latest();
  const forgetful = { changesSince: () => Promise.resolve(undefined) };
  const events = await replayOf(forgetful, tree, scopes, 1);
  follower.close();
  expect(events.map(({ event: { type, path } }) => `${type} ${path}`)).toEqual([
    "NodeDataChanged /a",
    "NodeChildrenChanged /a",
    "NodeDeleted /gone",
    "NodeDataChanged /b",
  ]);
});

test("what happened is not compared with each of the persistent watches that are set again", async () => {
  const paths = Array.from({ length: 2_000 }, (_, index) => `/watched/${index}`);
  const scopes = paths.map((path, index) => ({ path, recursive: index >= 1_000 }));
  await create("/a");
  const follower = await bed.services.follow("default", () => undefined);
  const tree = await follower.latest();
  follower.close();
  let looks = 0;
  const changes = Array.from({ length: 200 }, (_, index) => ({
    zxid: zxid(index + 2),
    events: [
      {
        type: "NodeCreated" as const,
        get path() {
          looks += 1;
          return `/watched/${index * 10}/child`;
        },
        aclIndex: openAclIndex,
      },
    ],
  }));
  const events = await replayOf({ changesSince: () => Promise.resolve(changes) }, tree, scopes, 1);
  expect(looks).toBeLessThan(200 * 10);
  expect(events.map(({ event: { path } }) => path)).toEqual(
    Array.from({ length: 100 }, (_, index) => `/watched/${1_000 + index * 10}/child`),
  );
});
