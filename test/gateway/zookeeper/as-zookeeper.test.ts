/** What the differential test with a real ZooKeeper has found to be otherwise. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { containerOwner } from "../../../shared/tree/owner.ts";
import { openAcl, type ZooKeeperBed, zookeeperBed } from "./zookeeper-bed.ts";

const badArguments = -8;
let bed: ZooKeeperBed;

beforeAll(async () => {
  bed = await zookeeperBed();
});
afterAll(() => bed.close());

function create(path: string, flags: number) {
  return { path, data: null, acl: openAcl, flags };
}

test("only the operation for containers makes a container, and makes nothing else; in a multi the mode does as well", async () => {
  const client = await bed.connect();
  await client.send("create", create("/by-create", 4));
  await client.send("create2", create("/by-create2", 4));
  await client.send("createContainer", create("/by-container", 0));
  await client.send("multi", [{ kind: "create", body: create("/in-multi", 4) }]);
  // No Stat tells it.
  const follower = await bed.services.follow(
    "default",
    () => undefined,
    () => undefined,
  );
  const tree = await follower.latest();
  const paths = ["/by-create", "/by-create2", "/by-container", "/in-multi"];
  expect(paths.map((path) => tree.node(path)?.ephemeralOwner)).toEqual([0n, 0n, containerOwner, containerOwner]);
  follower.close();
  for (const flags of [-1, 7]) {
    expect((await client.send("createContainer", create("/none", flags))).err).toBe(badArguments);
    expect((await client.send("create", create("/none", flags))).err).toBe(badArguments);
  }
  client.destroy();
});

test("who proves to be a user without a password is one with none", async () => {
  const client = await bed.connect();
  expect((await client.send("auth", { type: 0, scheme: "digest", auth: Buffer.from("eve") })).err).toBe(0);
  expect((await client.send("whoAmI", {})).body?.clientInfo).toContainEqual({ authScheme: "digest", user: "eve" });
  client.destroy();
});

test("who proves nothing at all is refused", async () => {
  const client = await bed.connect();
  expect((await client.send("auth", { type: 0, scheme: "digest", auth: null })).err).toBe(-115);
  await client.closed();
});

test("a watch that is set again is told of a change even where the znode may no longer be read", async () => {
  const [reader, owner] = [await bed.connect(), await bed.connect()];
  await owner.send("auth", { type: 0, scheme: "digest", auth: Buffer.from("ann:one") });
  const secret = [{ permissions: 31, scheme: "auth", id: "" }];
  const { zxid } = await owner.send("create", { path: "/secret", data: null, acl: secret, flags: 0 });
  const watches = { dataWatches: ["/secret"], existWatches: [], childWatches: [] };
  await reader.send("setWatches", { relativeZxid: zxid - 1, ...watches });
  expect(reader.events).toEqual([{ type: 3, path: "/secret" }]);
  for (const client of [reader, owner]) client.destroy();
});

test("an empty multi among others is answered with a zxid in their order", async () => {
  const client = await bed.connect();
  const sent = ["/m1", "/m2", "/m3"].flatMap((path) => [
    client.send("create", create(path, 0)),
    client.send("multi", []),
  ]);
  const zxids = (await Promise.all(sent)).map(({ zxid }) => zxid);
  expect(zxids).toEqual(zxids.toSorted((one, other) => one - other));
  client.destroy();
});

test("no path is any path, of ephemerals and of sync", async () => {
  const client = await bed.connect();
  await client.send("create", { path: "/e", data: null, acl: openAcl, flags: 1 });
  for (const path of [null, "", " ", "/", " / "]) {
    expect((await client.send("getEphemerals", { path })).body).toEqual({ ephemerals: ["/e"] });
  }
  expect(await client.send("sync", { path: null })).toMatchObject({ err: 0, body: { path: null } });
});
