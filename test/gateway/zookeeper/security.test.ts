import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import { buffer } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { openAcl, type ZooKeeperBed, zookeeperBed } from "./zookeeper-bed.ts";

let bed: ZooKeeperBed | undefined;

afterEach(async () => {
  await bed?.close();
  bed = undefined;
});

function digest(credentials: string) {
  return { type: 0, scheme: "digest", auth: Buffer.from(credentials) };
}

test("a connection is who it proved to be, and by its address", async () => {
  bed = await zookeeperBed();
  const [owner, other] = [await bed.connect(), await bed.connect()];
  expect((await owner.send("auth", digest("u:p"))).err).toBe(0);
  expect((await owner.send("whoAmI", {})).body?.clientInfo).toEqual([
    { authScheme: "ip", user: "127.0.0.1" },
    { authScheme: "digest", user: "u" },
  ]);
  const id = `u:${createHash("sha1").update("u:p").digest("base64")}`;
  const acl = [
    { permissions: 31, scheme: "digest", id },
    { permissions: 1, scheme: "ip", id: "127.0.0.0/8" },
  ];
  expect((await other.send("create", { path: "/p", data: null, acl, flags: 0 })).err).toBe(0);
  expect((await other.send("getData", { path: "/p", watch: false })).err).toBe(0);
  expect((await other.send("setData", { path: "/p", data: null, version: -1 })).err).toBe(-102);
  expect((await owner.send("setData", { path: "/p", data: null, version: -1 })).err).toBe(0);
  expect((await other.send("getACL", { path: "/p" })).body?.acl[0]?.id).toBe("u:x");
  expect((await owner.send("getACL", { path: "/p" })).body?.acl[0]?.id).toBe(id);
});

test("who proves nothing is told so, and loses the connection", async () => {
  bed = await zookeeperBed();
  for (const body of [
    { type: 0, scheme: "digest", auth: Buffer.of(0xff) },
    { type: 0, scheme: "kerberos", auth: Buffer.from("u:p") },
    { type: 0, scheme: "digest", auth: null },
  ]) {
    const client = await bed.connect();
    expect((await client.send("auth", body)).err).toBe(-115);
    await client.closed();
  }
});

test("the super user passes every access control list", async () => {
  const superDigest = `super:${createHash("sha1").update("super:secret").digest("base64")}`;
  bed = await zookeeperBed({ superDigest });
  const client = await bed.connect();
  const acl = [{ permissions: 0, scheme: "digest", id: "nobody:x" }];
  await client.send("create", { path: "/p", data: null, acl, flags: 0 });
  expect((await client.send("getData", { path: "/p", watch: false })).err).toBe(-102);
  await client.send("auth", digest("super:guess"));
  expect((await client.send("getData", { path: "/p", watch: false })).err).toBe(-102);
  await client.send("auth", digest("super:secret"));
  expect((await client.send("getData", { path: "/p", watch: false })).err).toBe(0);
  expect((await client.send("create", { path: "/q", data: null, acl: openAcl, flags: 0 })).err).toBe(0);
});

test("with a certificate clients speak TLS, commands too, and nobody without it", async () => {
  const folder = new URL("../../fixtures/tls/", import.meta.url);
  const read = (name: string): string => readFileSync(new URL(name, folder), "utf8");
  bed = await zookeeperBed({ tls: { cert: read("localhost.crt"), key: read("localhost.key") } });
  const socket = connectTls({ port: bed.port, host: "localhost", ca: read("localhost.crt") });
  socket.write("ruok");
  expect((await buffer(socket)).toString()).toBe("imok");
  await expect(bed.connect()).rejects.toThrow("closed");
  expect(bed.failures).toEqual([
    expect.stringContaining('a TLS handshake failed {"reason":"ERR_SSL_WRONG_VERSION_NUMBER"'),
  ]);
});

test("an IPv4 address is told as such where the port is open to both", async () => {
  bed = await zookeeperBed({ host: "::" });
  const client = await bed.connect();
  expect((await client.send("whoAmI", {})).body?.clientInfo).toEqual([{ authScheme: "ip", user: "127.0.0.1" }]);
});
