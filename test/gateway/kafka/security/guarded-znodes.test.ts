import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAcls } from "../../../../gateway/kafka/protocol/apis/acls.ts";
import { metadata } from "../../../../gateway/kafka/protocol/apis/metadata.ts";
import { CredentialStore } from "../../../../gateway/kafka/security/credential-store.ts";
import { guardZnodes, secretAcl, shownAcl } from "../../../../gateway/kafka/security/guarded-znodes.ts";
import type { CallContext, ZnodeService } from "../../../../shared/services/coordination.ts";
import { createServices } from "../../../../shared/services/create-services.ts";
import { createMemoryStorage } from "../../../../shared/storage/memory/memory-storage.ts";
import { openAcl } from "../../../../shared/tree/acl.ts";
import { gatewayBed } from "../gateway-bed.ts";
import { SecuredGateway } from "../secured-gateway.ts";

const namespace = "default";
/** Somebody who has proven to be somebody, and nobody of whom it is known here. */
const outsider: CallContext = {
  namespace,
  identities: [
    { scheme: "ip", id: "127.0.0.1" },
    { scheme: "digest", id: "kafka:D/InIHSb7yEEbrWz8b9l71RjZJU=" },
  ],
};
const superuser: CallContext = { namespace, identities: [{ scheme: "super", id: "" }] };

describe("with security", () => {
  let gateway: SecuredGateway;
  let znodes: ZnodeService;

  beforeAll(async () => {
    gateway = await SecuredGateway.start({ sasl: true, acl: "deny", superUsers: ["root"] });
    ({ znodes } = gateway.services);
    const root = await gateway.login("root");
    await root.send(metadata, { topics: [] });
    await gateway.grant(root, {});
    root.close();
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const secret = ["/config/users", "/config/users/alice", "/config/streamkeeper/scram-secret", "/config/brokers"];
  const shown = [
    "/config",
    "/config/clients",
    "/brokers",
    "/brokers/ids",
    "/brokers/ids/1",
    "/cluster",
    "/cluster/id",
    "/kafka-acl",
    "/kafka-acl/Topic",
    "/kafka-acl/Topic/orders",
    "/kafka-acl/Cluster",
    "/kafka-acl-extended",
    "/kafka-acl-extended/prefixed",
    "/kafka-acl-extended/prefixed/Group",
  ];

  test.each(secret)("nobody else reads %s", async (path) => {
    await expect(znodes.getData(outsider, path)).rejects.toMatchObject({ code: "NO_AUTH" });
    await expect(znodes.getChildren(outsider, path, { limit: 10 })).rejects.toMatchObject({ code: "NO_AUTH" });
    expect((await znodes.getAcl(superuser, path)).acl).toEqual(secretAcl);
  });

  test.each([...secret, ...shown])("nobody else writes %s, or below it", async (path) => {
    const refused = { code: "NO_AUTH" };
    await expect(znodes.setData(outsider, { path, data: null, version: -1 })).rejects.toMatchObject(refused);
    await expect(znodes.setAcl(outsider, { path, acl: openAcl, version: -1 })).rejects.toMatchObject(refused);
    const below = { path: `${path}/mallory`, data: null, mode: "persistent" } as const;
    // Below an ephemeral nobody may create anything.
    await expect(znodes.create(outsider, below)).rejects.toMatchObject(refused);
    await expect(znodes.delete(outsider, { path, version: -1 })).rejects.toMatchObject({
      code: expect.stringMatching(/^NO_AUTH$|^NOT_EMPTY$/),
    });
  });

  test.each(shown)("everybody reads %s", async (path) => {
    expect((await znodes.getAcl(outsider, path)).acl).toHaveLength(shownAcl.length);
    await znodes.getData(outsider, path);
  });

  test("the superuser reads and writes them", async () => {
    const { data } = await znodes.getData(superuser, "/config/users/bob");
    await znodes.setData(superuser, { path: "/config/users/bob", data, version: -1 });
    await znodes.create(superuser, { path: "/config/users/eve", data: null, mode: "persistent" });
    await znodes.delete(superuser, { path: "/config/users/eve", version: -1 });
  });

  test("clients of ZooKeeper may still create topics, and what is theirs", async () => {
    for (const path of [
      "/config/topics/logs",
      "/brokers/topics/logs",
      "/admin/delete_topics/x",
      "/consumers/x",
      "/mine",
    ]) {
      await znodes.create(outsider, { path, data: null, mode: "persistent" });
    }
  });

  test("Kafka's requests still change users and lists, under the same guard", async () => {
    const root = await gateway.login("root");
    await gateway.grant(root, { resourceType: "Group", patternType: "prefixed", name: "logs-" });
    const creation = { resourceType: 2, resourceName: "fresh", resourcePatternType: 3, principal: "User:bob" };
    const rule = { host: "*", operation: 3, permissionType: 3 };
    const { results } = await root.send(createAcls, { creations: [{ ...creation, ...rule }] });
    expect(results).toMatchObject([{ errorCode: 0 }]);
    root.close();
    for (const path of ["/kafka-acl-extended/prefixed/Group/logs-", "/kafka-acl/Topic/fresh"]) {
      expect((await znodes.getAcl(superuser, path)).acl).toEqual(shownAcl);
    }
  });
});

test("what stood open before is put right when a gateway starts", async () => {
  const { storage, close } = createMemoryStorage();
  const services = createServices(storage);
  const { znodes } = services;
  const open = { namespace, identities: [] };
  for (const path of [
    "/config",
    "/config/users",
    "/config/users/a",
    "/config/users/a/clients",
    "/brokers",
    "/delegation_token",
  ]) {
    await znodes.create(open, { path, data: null, mode: "persistent" });
  }
  const access = { services, namespace, timers: storage.timers };
  await new CredentialStore(access, Buffer.from("x")).start(AbortSignal.abort());
  await guardZnodes(access);
  const { zxid } = await znodes.exists(superuser, "/");
  for (const path of [
    "/config/users/a",
    "/config/users/a/clients",
    "/delegation_token",
    "/config/streamkeeper/scram-secret",
  ]) {
    expect((await znodes.getAcl(superuser, path)).acl).toEqual(secretAcl);
  }
  await guardZnodes(access);
  expect((await znodes.exists(superuser, "/")).zxid).toBe(zxid);
  await close();
});

test("without security they are as open as Kafka's", async () => {
  const bed = await gatewayBed();
  await bed.client.send(metadata, { topics: [] });
  for (const path of ["/config/users/me", "/kafka-acl", "/config/clients/me", "/brokers/ids/me"]) {
    await bed.services.znodes.create(outsider, { path, data: null, mode: "persistent" });
  }
  await bed.close();
});
