import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeEntityConfig } from "../../../gateway/kafka/security/entity-config.ts";
import { guardZnodes, secretAcl } from "../../../gateway/kafka/security/guarded-znodes.ts";
import { gatewayContext } from "../../../gateway/kafka/security/followed-znodes.ts";
import { openAcl, type ZooKeeperBed, zookeeperBed } from "./zookeeper-bed.ts";

const noAuth = -102;
const namespace = "default";
let bed: ZooKeeperBed;

beforeAll(async () => {
  const superDigest = `super:${createHash("sha1").update("super:secret").digest("base64")}`;
  bed = await zookeeperBed({ superDigest });
  const { services, memory } = bed;
  await guardZnodes({ services, namespace, timers: memory.storage.timers });
  const data = encodeEntityConfig({ "SCRAM-SHA-256": "salt=eA==,stored_key=eA==,server_key=eA==,iterations=4096" });
  const user = { path: "/config/users/alice", data, mode: "persistent", acl: secretAcl } as const;
  await services.znodes.create(gatewayContext(namespace), user);
});
afterAll(() => bed.close());

test("a client of ZooKeeper neither reads nor writes what Kafka's security rests on", async () => {
  const client = await bed.connect();
  expect((await client.send("auth", { type: 0, scheme: "digest", auth: Buffer.from("kafka:x") })).err).toBe(0);
  for (const path of ["/config/users/alice", "/config/users", "/config/streamkeeper"]) {
    expect((await client.send("getData", { path, watch: false })).err).toBe(noAuth);
    expect((await client.send("exists", { path, watch: true })).err).toBe(noAuth);
    expect((await client.send("getChildren", { path, watch: false })).err).toBe(noAuth);
    expect((await client.send("getACL", { path })).err).toBe(noAuth);
  }
  for (const path of ["/config/users/alice", "/kafka-acl", "/kafka-acl/Topic", "/brokers/ids", "/config/clients"]) {
    expect((await client.send("setData", { path, data: Buffer.from("{}"), version: -1 })).err).toBe(noAuth);
    expect((await client.send("setACL", { path, acl: openAcl, version: -1 })).err).toBe(noAuth);
    expect((await client.send("create", { path: `${path}/x`, data: null, acl: openAcl, flags: 0 })).err).toBe(noAuth);
    expect([noAuth, -111]).toContain((await client.send("delete", { path, version: -1 })).err);
  }
  expect((await client.send("getChildren", { path: "/brokers/ids", watch: false })).err).toBe(0);
  client.destroy();
});

test("the superuser of ZooKeeper does both", async () => {
  const client = await bed.connect();
  await client.send("auth", { type: 0, scheme: "digest", auth: Buffer.from("super:secret") });
  expect((await client.send("getData", { path: "/config/users/alice", watch: false })).err).toBe(0);
  expect((await client.send("setData", { path: "/config/users/alice", data: null, version: -1 })).err).toBe(0);
  client.destroy();
});
