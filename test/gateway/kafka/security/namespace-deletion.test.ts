import { expect, test } from "vitest";
import { AclStore } from "../../../../gateway/kafka/security/acl-store.ts";
import { CredentialStore } from "../../../../gateway/kafka/security/credential-store.ts";
import { credentialOf } from "../../../../gateway/kafka/sasl/scram-credential.ts";
import { SecurityWorld } from "./security-world.ts";

const credential = credentialOf("SCRAM-SHA-256", Buffer.alloc(32), { salt: Buffer.alloc(16, 1), iterations: 4_096 });
const orders = { resourceType: "Topic", patternType: "prefixed", name: "orders" } as const;
const read = { principal: "User:alice", host: "*", operation: "Read", permissionType: "Allow" } as const;

test("a namespace is deleted without its users and lists only, and then with what stood above them", async () => {
  const world = new SecurityWorld();
  await world.run(async () => {
    const { services, storage, signal } = world.start();
    const { namespaces } = services;
    await namespaces.create("team");
    const access = { services, namespace: "team", timers: storage.timers };
    const [credentials, acls] = [new CredentialStore(access, Buffer.from("secret")), new AclStore(access)];
    await Promise.all([credentials.start(signal), acls.start(signal)]);
    await credentials.change("alice", new Map([["SCRAM-SHA-256", credential]]));
    await acls.add(orders, [read]);
    await expect(namespaces.delete("team")).rejects.toMatchObject({ code: "NOT_EMPTY" });
    await credentials.change("alice", new Map([["SCRAM-SHA-256", undefined]]));
    await expect(namespaces.delete("team")).rejects.toMatchObject({ code: "NOT_EMPTY" });
    await acls.remove(orders, [read]);
    await namespaces.delete("team");
  });
});
