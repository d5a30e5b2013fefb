import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openAcl, type ZooKeeperBed, zookeeperBed } from "./zookeeper-bed.ts";

let bed: ZooKeeperBed;

beforeEach(async () => {
  bed = await zookeeperBed();
});

afterEach(async () => {
  await bed.close();
});

function create(path: string) {
  return { path, data: null, acl: openAcl, flags: 0 };
}

test("answers of writes that were refused, of syncs and of multis without operations do not run ahead of those behind", async () => {
  const client = await bed.connect();
  await client.send("create", create("/a"));
  await Promise.all([
    client.send("create", create("/a")),
    client.send("sync", { path: "/" }),
    client.send("setData", { path: "/a", data: null, version: -1 }),
    client.send("multi", []),
    client.send("create", create("/b/c")),
    client.send("create", create("/b")),
  ]);
  const zxids = client.told.map(({ zxid }) => zxid);
  expect(zxids).toEqual(zxids.toSorted((one, other) => one - other));
});

test("nothing is answered after the answer that ends a connection, and nothing is held for it", async () => {
  const client = await bed.connect();
  const other = await bed.connect();
  const closed = client.send("closeSession", {});
  const late = client.send("ping", {}).catch(() => "never");
  expect((await closed).err).toBe(0);
  expect(await late).toBe("never");
  await client.closed();
  await vi.waitFor(() => expect(bed.held()).toMatchObject({ connections: 1, requestBytes: 0, waitingBytes: 0 }));
  expect((await other.send("ping", {})).err).toBe(0);
});

test("a client whose session is ended elsewhere loses its connection, and nothing is held for what it asked", async () => {
  const client = await bed.connect();
  const { sessionId = 0n, passwd } = client.session ?? {};
  await bed.services.sessions.close("default", { sessionId, password: passwd ?? new Uint8Array() });
  await expect(client.send("exists", { path: "/", watch: false })).rejects.toThrow("closed");
  await vi.waitFor(() => expect(bed.held()).toMatchObject({ connections: 0, requestBytes: 0 }));
});
